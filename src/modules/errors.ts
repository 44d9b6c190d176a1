import type { ErrorExplanation } from '../transport/errors.ts';
import { USER_MODULE_ERRORS } from './errors-users.ts';

/** Codes that modules give to the log or refuse their parameters with. Listed in docs/errors.md; those of uac are in UAC_ERRORS. */
export const MODULE_ERRORS = {
  ...USER_MODULE_ERRORS,
  APP_TS_UNKNOWN_FUNCTION: {
    explanation: 'ts_run() was given a name, made at run time, that no loaded file exports; it returned -1.',
    action: 'Look at the name in the message; a constant name is checked at the start.',
  },
  APPEND_BRANCH_Q: {
    explanation: 'append_branch() was given a q value that is not between 0 and 1 with three decimals at most.',
    action: 'Write it like "0.5".',
  },
  APPEND_BRANCH_URI: {
    explanation: 'append_branch() was given a text that cannot be a Request-URI.',
    action: 'Look at the value in the message; a name-addr ("<sip:…>") is none.',
  },
  APPEND_BRANCH_FULL: {
    explanation: 'The request has as many branches as it may have; the new one was not added.',
    action: 'Raise max_branches, or add fewer.',
  },
  CFGUTILS_ABORT: {
    explanation: 'The script called abort(): the process ends at once, with what it was doing.',
    action: 'Remove the call; it is for hunting faults. A core dump tells where the process was.',
  },
  CFGUTILS_BAD_ARGUMENT: {
    explanation: 'A time or a probability is no number or out of its range.',
    action: 'Look at the value in the message; probabilities are 0 to 100.',
  },
  CFGUTILS_BAD_FLAG: {
    explanation: 'There is no global flag of this number.',
    action: 'Flags are 0 to 31.',
  },
  CFGUTILS_LOCK_TIMEOUT: {
    explanation: 'A lock was held so long that the next one in line took it over.',
    action: 'Call unlock() with the same key on every way out of the route.',
  },
  CFGUTILS_PROBABILITY: {
    explanation: 'The parameter initial_probability is not 0 to 100.',
    action: 'Correct the parameter.',
  },
  CFGUTILS_RECURSION: {
    explanation: 'route_if_exists() calls itself by way of others, more than max_recursive_level deep.',
    action: 'Look for the circle.',
  },
  COREX_BAD_ADDRESS: {
    explanation: 'An address is no IP address, or a destination names no host.',
    action: 'Write it as host:port; set_source_address() needs an IP address.',
  },
  COREX_BAD_FLAG: {
    explanation: 'There is no message flag of this name.',
    action: 'Use USE_UAC_FROM, USE_UAC_TO or UAC_AUTH.',
  },
  COREX_BAD_URI: {
    explanation: 'A destination is no SIP URI, or its transport does not exist.',
    action: 'Write it as sip:address:port;transport=udp.',
  },
  COREX_FILE: {
    explanation: 'file_read() or file_write() failed.',
    action: 'The message has the reason of the operating system; check path and permissions.',
  },
  COREX_NOT_SUPPORTED: {
    explanation: 'The function is not offered; the call failed.',
    action: 'The message, and kamailio-compat.md, say why and what takes its place.',
  },
  COREX_NO_SOCKET: {
    explanation: 'No listening socket has this address or name, or none serves the protocol.',
    action: 'Use one of the listen lines.',
  },
  COREX_READ_ONLY: {
    explanation: 'The variable for the result cannot be written.',
    action: 'Use $var(…) or $avp(…).',
  },
  COREX_SEND: {
    explanation: 'A message of send() or sendx() could not be sent.',
    action: 'Check the destination; the transport’s own line in the log has the reason.',
  },
  COREX_UNRESOLVED: {
    explanation: 'The destination of a send function has no address; nothing was sent.',
    action: 'Check the name (dig NAPTR, SRV, A, AAAA).',
  },
  COREX_SUBDOMAINS: {
    explanation: 'alias_subdomains is not of the form proto:domain:port.',
    action: 'Correct it, or list the names with alias.',
  },
  COUNTERS_DECLARATION: {
    explanation: 'script_counter names no counter.',
    action: 'Write it as "group.name description".',
  },
  COUNTERS_UNKNOWN: {
    explanation: 'No counter of this name was declared; nothing was counted.',
    action: 'Declare it with modparam("counters", "script_counter", "name").',
  },
  CTL_ACCOUNT: {
    explanation: 'The user or group of the control sockets does not exist.',
    action: 'Correct the parameter, or create it.',
  },
  CTL_MODE: {
    explanation: 'The file mode of the control sockets is none.',
    action: 'Write it in octal digits with a zero before them: 0600, 0660.',
  },
  HTABLE_BAD_ARGUMENT: {
    explanation: 'An argument is not of the form that the function takes, or it has no such operator.',
    action: 'Look at the value in the message; references are written table=>key.',
  },
  HTABLE_BAD_REGEX: {
    explanation: 'A regular expression for keys or values cannot be compiled.',
    action: 'Escape what comes from the network before it becomes part of an expression.',
  },
  HTABLE_DEFINITION: {
    explanation: 'The parameter htable does not define a table, or one for the second time.',
    action: 'Write it like "name=>size=8;autoexpire=3600;initval=0;updateexpire=1".',
  },
  HTABLE_FULL: {
    explanation: 'A table has as many entries as it may have; new ones are refused. It is told once a minute.',
    action: 'Give the entries a time with autoexpire, remove them when they are done with, or raise max_entries.',
  },
  HTABLE_ITERATORS: {
    explanation: 'A request has four iterators open; a fifth was not started.',
    action: 'Call sht_iterator_end() on every way out of the loop.',
  },
  HTABLE_LIMIT: {
    explanation: 'The parameter max_entries is less than 1.',
    action: 'Correct the parameter.',
  },
  HTABLE_LOCK_TIMEOUT: {
    explanation: 'A lock of sht_lock() was held so long that the next one in line took it over.',
    action: 'Call sht_unlock() with the same key on every way out of the route.',
  },
  HTABLE_NO_EFFECT: {
    explanation: 'A table is defined with dbtable without db_url, with cols, or with dmqreplicate; that has no effect.',
    action: 'Set db_url; a table of several columns can be filled in event_route[htable:mod-init].',
  },
  HTABLE_NO_ITERATOR: {
    explanation: 'An iterator of this name was not started, or it stands at no entry.',
    action: 'Call sht_iterator_start() with the same name, and sht_iterator_next() for the first entry.',
  },
  HTABLE_UNKNOWN: {
    explanation: 'There is no table of this name: it reads as undefined and refuses values.',
    action: 'Define it with modparam("htable", "htable", "name=>size=8").',
  },
  JSONRPC_ACCOUNT: {
    explanation: 'A user or group of fifo_user, fifo_group, dgram_user or dgram_group does not exist.',
    action: 'Create it, or correct the parameter.',
  },
  JSONRPC_MODE: {
    explanation: 'fifo_mode or dgram_mode is no file mode.',
    action: 'Write it in octal digits with a zero before them: 0660.',
  },
  JSONRPC_NO_HTTP: {
    explanation: 'jsonrpc_dispatch() was called for a message that is no HTTP request.',
    action: 'Call it in event_route[xhttp:request]; jsonrpc_exec() works anywhere.',
  },
  KEX_BAD_URI: {
    explanation: 'setdsturi() was given a text that is no URI.',
    action: 'Correct the constant; for computed values assign to $du.',
  },
  KEX_READ_ONLY: {
    explanation: 'The variable for the result cannot be written.',
    action: 'Use $var(…) or $avp(…).',
  },
  MAXFWD_BAD_HEADER: {
    explanation: 'The Max-Forwards header of a request cannot be read; the function returned -2.',
    action: 'Reject the request; its sender is faulty.',
  },
  MAXFWD_BAD_VALUE: {
    explanation: 'The limit given to mf_process_maxfwd_header() is no number from 0 to 255.',
    action: 'Correct the call; 70 is usual.',
  },
  PV_PARAMETER: {
    explanation: 'A value of shvset, varset or avp_aliases cannot be read.',
    action: 'Write name=i:5, name=s:text, or alias=avp.',
  },
  PV_TYPE_UNKNOWN: {
    explanation: 'typeof() was asked for a type that does not exist.',
    action: 'Ask for int, str or null.',
  },
  RR_BAD_PARAMETER: {
    explanation: 'A parameter or address for Record-Route cannot stand in a URI; nothing was added.',
    action: 'Escape it, or leave out blanks, quotes and angle brackets.',
  },
  SANITY_BAD_ARGUMENT: {
    explanation: 'An argument of sanity_check() is no integer.',
    action: 'Give the sum of the check bits.',
  },
  SANITY_FAILED: {
    explanation: 'A request did not pass sanity_check(); it was answered, unless noreply is set.',
    action: 'The message has the reason. Leave the bit of that check out if the sender cannot be corrected.',
  },
  SIPUTILS_BAD_ARGUMENT: {
    explanation: 'An argument is not of the form that the function takes; nothing was changed.',
    action: 'Look at the value in the message.',
  },
  SIPUTILS_BAD_CONTACT: {
    explanation: 'A Contact header cannot be read or changed; the message is as it was.',
    action: 'Test nat or Contact handling only on messages that have a Contact with a SIP URI.',
  },
  SIPUTILS_BAD_DATE: {
    explanation: 'hdr_date_check() found no Date header that it can read.',
    action: 'Test $hdr(Date) before the call.',
  },
  SIPUTILS_BAD_RPID: {
    explanation: 'The variable of rpid_avp holds no identity.',
    action: 'Look at where it is set; it takes a URI or a name-addr.',
  },
  SIPUTILS_BAD_URI: {
    explanation: 'The URI to read or to change is none.',
    action: 'Look at the value in the message.',
  },
  SIPUTILS_NOT_ENCODED: {
    explanation: 'decode_contact() met a URI that encode_contact() did not make.',
    action: 'Call it for requests to encoded contacts only.',
  },
  SIPUTILS_NO_OPTIONS: {
    explanation: 'options_reply() was called for another method.',
    action: 'Test is_method("OPTIONS") first.',
  },
  SIPUTILS_NO_RING_TIMEOUT: {
    explanation: 'ring_insert_callid() was called without ring_timeout.',
    action: 'Set modparam("siputils", "ring_timeout", 30).',
  },
  SIPUTILS_NO_TEXT: {
    explanation: 'The variable to work on is undefined or an integer.',
    action: 'Test it before the call.',
  },
  SIPUTILS_OPTIONS_USER: {
    explanation: 'options_reply() was called for a request to a user, which is not for the server to answer.',
    action: 'Test uri == myself and strempty($rU) first.',
  },
  SIPUTILS_READ_ONLY: {
    explanation: 'The variable for the result cannot be written.',
    action: 'Use $var(…) or $avp(…).',
  },
  SIPUTILS_RPID_AVP: {
    explanation: 'rpid_avp names no variable.',
    action: 'Write it like $avp(rpid).',
  },
  SIPUTILS_RPID_STRIP: {
    explanation: 'rpid_strip is out of its range.',
    action: 'Add 1 for Remote-Party-ID, 2 for P-Asserted-Identity, 4 for P-Preferred-Identity.',
  },
  SIPUTILS_SEPARATOR: {
    explanation: 'contact_flds_separator cannot separate fields of a user part.',
    action: 'Use one character that stands neither in user names nor in addresses; "*" is the default.',
  },
  SL_BAD_STATUS: {
    explanation: 'A reply was to be sent with a status code that is none; nothing was sent.',
    action: 'Use 100 to 699; test the variable it comes from.',
  },
  SQLOPS_ASYNC_FULL: {
    explanation:
      'A thousand statements of sql_query_async() are under way and the database does not keep up; this one was not sent.',
    action: 'Check the load of the database.',
  },
  SQLOPS_CONNECTION: {
    explanation: 'An sqlcon parameter is not of the form "name=>url", or two have the same name.',
    action: 'Write it like "ca=>mysql://user:password@host/database", with a name of its own for each.',
  },
  SQLOPS_UNKNOWN_CONNECTION: {
    explanation: 'A script used a connection that no sqlcon parameter declares.',
    action: 'Correct the name, or add the modparam.',
  },
  SQLOPS_VARIABLES: {
    explanation: 'sql_pvquery() got more columns than it was given variables, or one of them took no value.',
    action: 'Name a writable variable for each column of the SELECT.',
  },
  STATISTICS_BAD_ARGUMENT: {
    explanation: 'update_stat() was given an amount that is no number.',
    action: 'Write it like "+1" or "-1".',
  },
  STATISTICS_DECLARATION: {
    explanation: 'The parameter variable names nothing.',
    action: 'Write it as "name" or "name/no_reset".',
  },
  STATISTICS_UNKNOWN: {
    explanation: 'There is no statistic of this name; nothing was counted.',
    action: 'Declare it with modparam("statistics", "variable", "name").',
  },
  TEXTOPSX_APPLY_BAD: {
    explanation: 'The changed message is none any more; it was left as it was.',
    action: 'The message names what cannot be read; look at what the script wrote there.',
  },
  TEXTOPSX_APPLY_LATE: {
    explanation: 'Changes can be applied here no more: the request was relayed, or the route is none for it.',
    action: 'Call msg_apply_changes() in the request_route before t_relay(), or in the reply_route.',
  },
  TEXTOPSX_BAD_ARGUMENT: {
    explanation: 'The text names no header value.',
    action: 'Write it as Name, Name[index] or Name[index].parameter.',
  },
  TEXTOPSX_BAD_STATUS: {
    explanation: 'A reply cannot get this status: it is none, or of another class.',
    action: 'A reply keeps its class (1xx, 2xx); negative ones can become any of 300 to 699.',
  },
  TEXTOPSX_NO_ITERATOR: {
    explanation: 'An iterator of this name was not started.',
    action: 'Call hf_iterator_start() or bl_iterator_start() with the same name first.',
  },
  TEXTOPSX_NO_ROUTE: {
    explanation: 'msg_changed_route() names a route that does not exist.',
    action: 'Correct the name or add the block.',
  },
  TEXTOPS_BAD_ARGUMENT: {
    explanation: 'An argument is not of the form that the function takes.',
    action: 'The message says what it takes.',
  },
  TEXTOPS_BAD_BODY: {
    explanation: 'A body, its type or its boundary cannot stand in a message; nothing was changed.',
    action: 'Look at the value in the message; a body needs a Content-Type of the form type/subtype.',
  },
  TEXTOPS_BAD_HEADER: {
    explanation: 'The change would break the message, for example by a line end inside a header; nothing was changed.',
    action: 'Remove line ends from values that come from the network ({s.rmhlws}).',
  },
  TEXTOPS_BAD_NAME: {
    explanation: 'The text can be no header name.',
    action: 'Look at the value in the message.',
  },
  TEXTOPS_BAD_REGEX: {
    explanation: 'A regular expression made at run time cannot be compiled.',
    action: 'Escape what comes from the network before it becomes part of an expression.',
  },
  TEXTOPS_BAD_URI: {
    explanation: 'The result of subst_uri() or subst_user() can be no Request-URI; nothing was changed.',
    action: 'Look at the value in the message.',
  },
  TEXTOPS_NO_MULTIPART: {
    explanation: 'The body is not multipart.',
    action: 'Test has_body("multipart/mixed") first.',
  },
  TEXTOPS_READ_ONLY: {
    explanation: 'The variable for the result cannot be written.',
    action: 'Use $var(…) or $avp(…).',
  },
  TLS_NOT_SUPPORTED: {
    explanation: 'The function is not offered; the call failed.',
    action: 'See kamailio-compat.md for what takes its place.',
  },
  TM_FIFO: {
    explanation: 't_write_req() could not write to its FIFO: there is none, or nobody reads from it.',
    action: 'Start the program that reads from it; the message has the reason of the operating system.',
  },
  TMX_NOT_SUPPORTED: {
    explanation: 'The function is not offered; the call failed.',
    action: 'See kamailio-compat.md for what takes its place.',
  },
  TMX_NO_ROUTE: {
    explanation: 't_continue() names a route that does not exist.',
    action: 'Correct the name or add the block.',
  },
  TM_BAD_ARGUMENT: {
    explanation:
      'An argument of t_uac_send() has a line end where none may be, or that of t_relay_to() is no address; nothing was sent.',
    action: 'Remove line ends from values that come from the network ({s.rmhlws}); write addresses as proto:host:port.',
  },
  TM_BAD_STATUS: {
    explanation: 'A reply was to be sent with a status code that is none; default_code was sent.',
    action: 'Use 100 to 699; test the variable it comes from.',
  },
  TM_BAD_VARIABLE: {
    explanation: 'A parameter of tm that takes a variable names none.',
    action: 'Write it like $avp(timeout).',
  },
  TM_NOT_SUPPORTED: {
    explanation: 'The function is not offered; the call failed.',
    action: 'See kamailio-compat.md for what takes its place.',
  },
  WEBSOCKET_NOT_SUPPORTED: {
    explanation: 'The function is not offered; the call failed.',
    action: 'See kamailio-compat.md for what takes its place.',
  },
  WEBSOCKET_NO_CONNECTION: {
    explanation: 'ws_close() was called for a message that did not come by WebSocket.',
    action: 'Test $proto for ws or wss first, or give the number of the connection ($ws_conid).',
  },
  XHTTP_BAD_REPLY: {
    explanation: 'xhttp_reply() was given a code that is no final status (200 to 699), or no reason; nothing was sent.',
    action: 'Write it as xhttp_reply("200", "OK", "text/plain", "...").',
  },
  XHTTP_EXPRESSION: {
    explanation: 'url_match or url_skip is no regular expression.',
    action: 'Correct the parameter.',
  },
  XHTTP_LATE: {
    explanation: 'A second answer to one HTTP request, or its client has gone; nothing was sent.',
    action: 'Call exit after xhttp_reply() and jsonrpc_dispatch().',
  },
  XHTTP_NO_REQUEST: {
    explanation: 'xhttp_reply() was called for a message that is no HTTP request.',
    action: 'Call it in event_route[xhttp:request].',
  },
  XHTTP_NO_ROUTE: {
    explanation:
      'Module xhttp is loaded, and no event_route[xhttp:request] says what to do with HTTP requests: they get 404.',
    action: 'Write the route, or leave the module out.',
  },
  XHTTP_REQUEST_FAILED: {
    explanation: 'An HTTP request was cut off or came too slowly.',
    action: 'Nothing, unless the client is yours: a request has to be complete in 20 seconds.',
  },
  XLOG_LEVEL_UNKNOWN: {
    explanation: 'xlog() was given a level that does not exist; nothing was written.',
    action: 'Use L_ALERT, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO or L_DBG.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of a failure in a module. */
export type ModuleErrorCode = keyof typeof MODULE_ERRORS;
