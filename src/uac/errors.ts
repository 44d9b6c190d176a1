/** Every error code of the uac layer and module, each with what it means and what to do. Digest codes are in DIGEST_ERRORS. */
export const UAC_ERRORS = {
  UAC_AUTH_NO_REPLY:
    'uac_auth() was called where no challenge is: outside a failure route, or the branch failed here (timeout, unreachable). Call it after t_check_status("401|407").',
  UAC_AUTH_NOT_CHALLENGED: 'The reply is neither 401 nor 407; test the status before calling uac_auth().',
  UAC_AUTH_REFUSED:
    'The peer challenged again although its realm was answered and it did not say stale=true: user or password are wrong. Check the credential.',
  UAC_AUTH_TOO_MANY:
    'The peer kept challenging (stale nonces or ever new realms) and was given up. Check the peer; its nonces may be too short-lived.',
  UAC_CREDENTIAL_SYNTAX: 'The credential parameter is not user:realm:password without blanks inside a part.',
  UAC_DESTINATION_SYNTAX:
    'The credential_destination parameter is not realm:host, realm:host:port or realm:[IPv6]:port.',
  UAC_AUTH_VARIABLES:
    'auth_username_avp, auth_realm_avp and auth_password_avp must be set all three or none, each to a variable.',
  UAC_BAD_RESTORE_MODE: 'restore_mode must be none, manual or auto.',
  UAC_BAD_RESTORE_STORE: 'restore_store must be kamailio or sealed.',
  UAC_BAD_STORE_PARAM:
    'A Record-Route parameter name (rr_from_store_param, rr_to_store_param …) is empty, no token, or used twice.',
  UAC_BAD_RESTORE_AVP:
    'restore_from_avp and restore_to_avp take an AVP with a constant name, such as $avp(original_from).',
  UAC_NEEDS_TM: 'uac needs the tm module: load tm.so before uac.so.',
  UAC_NEEDS_RR: 'restore_mode auto or manual keeps its data in Record-Route: load rr.so, or set restore_mode to none.',
  UAC_NEEDS_FROMTAG: 'restore_mode auto tells directions by the From tag in Record-Route: set rr append_fromtag to 1.',
  UAC_NEEDS_DIALOG: 'restore_dlg is set: load dialog.so, or unset it.',
  UAC_NEEDS_CONTACT: 'reg_db_url is set without reg_contact_addr: say at which address we are to be reached.',
  UAC_BAD_SOCKET: 'default_socket must be proto:host:port of one of the listen lines.',
  UAC_BAD_ALGORITHMS: 'auth_algorithms takes MD5, SHA-256, SHA-512-256 and their -sess forms, separated by commas.',
  UAC_REG_BAD_PARAMETER:
    'A parameter of remote registration is out of its range: reg_contact_addr is not host[:port][;parameters], reg_unregister not none, all, or some of disable, remove and stop, reg_instance no URN, reg_callid_seed shorter than 16 characters, reg_rpc_fields not all or kamailio, reg_algorithms not made of MD5, SHA-256 and SHA-512-256, or reg_outbound set without it.',
  UAC_REG_NOT_ENABLED:
    'A uac_reg_ function was called without reg_db_url; set it, to the empty text if accounts come by command alone.',
  UAC_REG_READ_ONLY: 'The variable for the result cannot be written. Use $var(…), $avp(…) or $ru.',
  UAC_REG_ATTRIBUTE: 'Accounts are found by l_uuid, l_username, r_username or auth_username, in small letters.',
  UAC_REG_UNKNOWN: 'There is no such account; "kamcmd uac.reg_list" shows those there are.',
  UAC_REG_BAD_URI: 'The text is no URI to find an account by.',
  UAC_REG_MODE: 'The mode of uac_reg_request_to() is 0 to 7.',
  UAC_REG_ROWS_SKIPPED:
    'More rows cannot be accounts than are named one by one; those that are named say what is wrong.',
  UAC_REG_DATABASE:
    'The database of the accounts failed in a way that has no code of its own. Accounts that are known go on; it is tried again.',
  UAC_REG_FAILED:
    'An account could not be registered for a reason that may pass; it is tried again by itself with growing pauses. The line has status and next hop.',
  UAC_REG_REJECTED:
    'The registrar refuses an account: user, password, realm or domain are wrong, or the account is barred. Correct the row and refresh it; it is tried again slowly.',
  UAC_REG_FAULTY:
    'An account cannot work as it is: its socket is none of ours, or auth_proxy is no SIP URI. Correct the row and refresh it.',
  UAC_REG_EMPTY_FIELD:
    'A row of the table leaves a column empty that an account needs (l_uuid, l_username, l_domain, r_username, r_domain, auth_username, auth_proxy); it was left out. Fill it.',
  UAC_REG_NO_SECRET: 'A row has neither auth_password nor auth_ha1; it was left out. Give one of them.',
  UAC_REG_BAD_HA1:
    'auth_ha1 is not the 32 hex digits of an MD5 of user:realm:password; the row was left out. Correct it, or give auth_password.',
  UAC_REG_BAD_TEXT:
    'A column holds what cannot stand in a SIP message (control characters, quotes, angle brackets, no host); the row was left out. Correct it.',
  UAC_REG_BAD_SETTING: 'A setting of the registration engine cannot work; nothing was started. The message says which.',
  UAC_REG_EXPIRED:
    'A binding ran out before it could be refreshed: calls to the account do not arrive. The reason is in the lines before; it is tried again by itself.',
  UAC_REG_NO_CONTACT:
    'A registrar accepts a registration without listing the binding (RFC 3261 §10.3 wants it listed); its Expires, or the time asked for, is taken. Said once for each account.',
  UAC_REG_LOST:
    'A REGISTER ended without an answer and without a timeout, which is a fault of this program; the account goes on. Please report it.',
  UAC_REG_STUCK:
    'The watchdog found an account that nothing would have moved again, which is a fault of this program; the account goes on. Please report it.',
  UAC_REG_FAULT:
    'A registration step failed, which is a fault of this program; the watchdog sets the account going again. Please report it.',
  UAC_REG_ROUTE_WAITS:
    'event_route[tm:local-request] holds a function that may wait, which a REGISTER of an account cannot: it leaves without what the route changes. Do without such functions in that route.',
  UAC_REG_FLOW_LOST:
    'The connection to a registrar was closed, or a keepalive to one that answers keepalives was not answered (RFC 5626 §4.4): calls would not have arrived. Its accounts register anew by themselves.',
  UAC_REG_BUSY:
    'There is no room for another transaction (max_transactions); registrations wait for a moment. Raise the limit, or look for what fills it.',
  UAC_REQ_TYPE: 'A text key of $uac_req was given a number, or a number key a text; the old value stays.',
  UAC_REQ_TOO_LONG: 'A value for $uac_req is longer than its key takes; the old value stays.',
  UAC_REQ_LINE_END: 'A value for $uac_req has a line end where none may be; the old value stays.',
  UAC_REQ_INCOMPLETE: 'uac_req_send() was called without $uac_req(method) or $uac_req(ruri); nothing was sent.',
  UAC_REQ_BAD_METHOD: '$uac_req(method) is no SIP method name (RFC 3261 §25.1 token); nothing was sent.',
  UAC_REQ_BAD_URI: 'A URI or address of $uac_req cannot be read; nothing was sent.',
  UAC_REQ_BAD_SOCKET:
    '$uac_req(sock) is none of the listen lines, written proto:host:port; nothing was sent, for it would leave by another socket.',
  UAC_REQ_CSEQ: '$uac_req(cseqno) must be 1 to 2147483644; nothing was sent.',
  UAC_REQ_FAILED:
    'A request of our own had no final reply, could not be sent, or its next hop has no address; the message says which.',
  UAC_REQ_UNKNOWN: 'uac_req_end() names a call that is not under way: another Call-ID, or it ended.',
  UAC_NULL_VALUE:
    'A display name or URI to set is undefined ($null); nothing was changed. Test the variable before the call.',
  UAC_BAD_VALUE:
    'A display name or URI to set cannot stand in a header (line ends, controls, no URI, unbalanced quotes) or is longer than 1024 bytes; nothing was changed.',
  UAC_NO_HEADER: 'The message has no readable From or To header.',
  UAC_SEQUENTIAL_REQUEST:
    'In restore_mode auto the URI of an in-dialog request is restored by itself and cannot be replaced; replace it in the dialog-forming request only.',
  UAC_RESTORE_MISMATCH:
    'The stored identity does not fit the URI that the endpoint sent, because the endpoint altered From or To inside the dialog, or restore_passwd differs between nodes; the URI was left as it is.',
  UAC_DISPLAY_LOST:
    'The stored display name could not be read (another restore_passwd, or the process was restarted without one); the display name was left out.',
  UAC_NOTHING_TO_RESTORE: 'The request carries no restore data of ours, or it was restored already.',
  UAC_CSEQ_RANGE: 'The CSeq number cannot be raised beyond 2^31-1; the request kept its number.',
} as const;

/** Code of a failure in the uac layer; {@link UAC_ERRORS} explains it. */
export type UacErrorCode = keyof typeof UAC_ERRORS;

/** What a uac function came to: done, or why not, with a text for the log. */
export type UacResult<C extends string = UacErrorCode> =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: C; readonly text: string };

export const DONE: { readonly ok: true } = { ok: true };

export function failed<C extends string>(
  code: C,
  text: string,
): { readonly ok: false; readonly code: C; readonly text: string } {
  return { ok: false, code, text };
}
