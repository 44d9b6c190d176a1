/**
 * Names that Kamailio has in the modules of this server and that have no definition here, each with the reason.
 * `module.name()` for functions, `module.name` for parameters, `module.$name` for variables.
 */
export const missingNames: Readonly<Record<string, string>> = {
  'rr.cookie_filter': 'gone from Kamailio since 4.0',
  'rr.cookie_secret': 'gone from Kamailio since 4.0',
  'rr.next_route_avp': 'gone from Kamailio since 4.0',
  'rr.user_part_avp': 'gone from Kamailio since 4.0',
  'tmx.bind_tmx()': 'for other modules only, no script can call it',
  'uac.from_restore_mode': 'gone from Kamailio since 4.0, which calls it restore_mode',
  'uac.from_store_param': 'gone from Kamailio since 4.0, which calls it rr_from_store_param',
};
