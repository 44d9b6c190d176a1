/**
 * Names that Kamailio has in the modules of this server and that have no definition here, each with the reason.
 * `module.name()` for functions, `module.name` for parameters, `module.$name` for variables; a `*` at the end stands for any rest.
 */
export const missingNames: Readonly<Record<string, string>> = {
  'auth_db.check_all_ha1': 'of SIP Express Router 2.0: HA1s are chosen by the answer’s algorithm and form',
  'auth_db.did_column': 'of SIP Express Router 2.0, which had another table of users',
  'auth_db.flags_column': 'of SIP Express Router 2.0, which had another table of users',
  'auth_db.plain_password_column': 'of SIP Express Router 2.0, which had another table of users',
  'auth_db.realm_column': 'of SIP Express Router 2.0, which had another table of users',
  'auth_db.use_did': 'of SIP Express Router 2.0, which had another table of users',
  'auth_db.username_column': 'of SIP Express Router 2.0, which had another table of users: user_column',
  'htable.bind_htable()': 'for other modules only, no script can call it',
  'nathelper.ignore_path': 'of Kamailio 6.1',
  'nathelper.natping_crlf': 'gone from Kamailio since 4.0',
  'nathelper.natping_method': 'gone from Kamailio since 4.0: sipping_method',
  'nathelper.natping_stateful': 'gone from Kamailio since 4.0',
  'registrar.aor_attr': 'of SIP Express Router 2.0: save() takes a URI',
  'registrar.contact_attr': 'of SIP Express Router 2.0',
  'registrar.load_nat_flag': 'of SIP Express Router 2.0: branch flags are saved',
  'registrar.lookup_xavp()': 'of Kamailio 5.8; xavp_rcd tells of the contacts that lookup_to_dset() finds',
  'registrar.received_to_uri': 'of SIP Express Router 2.0',
  'registrar.reg_callid_avp': 'gone from Kamailio since 4.3',
  'registrar.reg_from_user()': 'of Kamailio 5.8',
  'registrar.reply_code_attr': 'of SIP Express Router 2.0: save() with flag 2, and a reply of the script',
  'registrar.reply_reason_attr': 'of SIP Express Router 2.0: save() with flag 2, and a reply of the script',
  'registrar.save_nat_flag': 'of SIP Express Router 2.0: branch flags are saved',
  'registrar.server_id_attr': 'of SIP Express Router 2.0',
  'registrar.trust_received_flag': 'of SIP Express Router 2.0',
  'rr.cookie_filter': 'gone from Kamailio since 4.0',
  'rr.cookie_secret': 'gone from Kamailio since 4.0',
  'rr.next_route_avp': 'gone from Kamailio since 4.0',
  'rr.user_part_avp': 'gone from Kamailio since 4.0',
  'textopsx.bind_textopsx()': 'for other modules only, no script can call it',
  'tls.$tls*': 'what certificates say is not offered to scripts',
  'tmx.bind_tmx()': 'for other modules only, no script can call it',
  'uac.from_restore_mode': 'gone from Kamailio since 4.0, which calls it restore_mode',
  'uac.from_store_param': 'gone from Kamailio since 4.0, which calls it rr_from_store_param',
  'usrloc.aor_column': 'of SIP Express Router 2.0, which had another table of contacts',
  'usrloc.db_skip_delete': 'of SIP Express Router 2.0',
  'usrloc.ka_interval': 'of Kamailio 5.8; module nathelper pings',
  'usrloc.ka_randomize': 'of Kamailio 5.8; module nathelper pings',
  'usrloc.ka_reply_codes': 'of Kamailio 5.8; module nathelper pings',
  'usrloc.method_column': 'of SIP Express Router 2.0, which had another table of contacts: methods_column',
  'usrloc.reg_avp_column': 'of SIP Express Router 2.0, which had another table of contacts',
  'usrloc.reg_avp_flag': 'of SIP Express Router 2.0, which had another table of contacts',
  'usrloc.uid_column': 'of SIP Express Router 2.0, which had another table of contacts',
  'xhttp.bind_xhttp()': 'for other modules only, no script can call it',
};

/** The reason for one name; undefined when nobody gave one. */
export function missingReason(key: string): string | undefined {
  const family = Object.keys(missingNames).find((name) => name.endsWith('*') && key.startsWith(name.slice(0, -1)));
  return missingNames[key] ?? (family === undefined ? undefined : missingNames[family]);
}
