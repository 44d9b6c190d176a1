import type { ErrorExplanation } from '../transport/errors.ts';

/** Codes of the modules that know users, their contacts and their calls. Part of MODULE_ERRORS. */
export const USER_MODULE_ERRORS = {
  ALIAS_DB_READ_ONLY: {
    explanation: 'The variable for what alias_db_find() finds cannot be written.',
    action: 'Use $var(…) or $avp(…).',
  },
  ALIAS_DB_URI: {
    explanation: 'What alias_db is to look for is no SIP URI; the function returned -1.',
    action: 'Look at the value in the message.',
  },
  DEBUGGER_NOT_SUPPORTED: {
    explanation: 'The function is not offered; the call failed.',
    action: 'The message of "trunkline check" says what takes its place.',
  },
  DOMAIN_DATABASE: {
    explanation: 'Module domain has no database.',
    action: 'Set db_url.',
  },
  DOMAIN_URI: {
    explanation: 'A URI whose domain is asked for is no SIP URI; the function returned -1.',
    action: 'Check the request first, with sanity_check().',
  },
  PATH_BAD_ARGUMENT: {
    explanation:
      'User or parameters given to add_path() or add_path_received() cannot stand in a URI; no Path was added.',
    action: 'Escape what comes from a message, with {s.escape.user} or {s.escape.param}.',
  },
  PATH_BAD_ROUTE: {
    explanation:
      'The parameter of our Route that says where the client is (use_received) holds no URI; it was passed over.',
    action: 'Nothing, as a rule: it came from outside. Both servers of a client have to have the same received_format.',
  },
  PERMISSIONS_BAD_ARGUMENT: {
    explanation: 'A group or port is no number, or there is no address; the function returned -1.',
    action: 'Look at the arguments: group and port are whole numbers.',
  },
  PERMISSIONS_BAD_RULE: {
    explanation: 'A line of an allow or deny file cannot be read; it is left out.',
    action: 'Write it like "^sip:alice@" : ALL EXCEPT "expression".',
  },
  PERMISSIONS_FILE: {
    explanation: 'The address file cannot be read; what was read before stays.',
    action:
      'Check the path, which starts in the folder of the configuration, and its rights; then permissions.addressReload.',
  },
  PERMISSIONS_SUBNETS: {
    explanation: 'The address table has more networks than max_subnets; all of them are used.',
    action: 'Raise max_subnets.',
  },
  PERMISSIONS_TAG: {
    explanation: 'peer_tag_avp names no AVP.',
    action: 'Write it like $avp(tag).',
  },
  PIKE_BAD_ADDRESS: {
    explanation: 'pike_check_ip() was given a text that is no IP address; it returned -1.',
    action: 'Look at the value in the message.',
  },
  PIKE_BLOCKED: {
    explanation:
      'A source sends more requests than it may (reqs_density_per_unit in sampling_time_unit); pike_check_req() says so.',
    action:
      'What is done about it is up to the script. Look at pike.top; raise the limit if the source is one of yours.',
  },
  PIKE_LIMIT: {
    explanation: 'A parameter of pike is less than 1.',
    action: 'Correct the parameter.',
  },
  SPEEDDIAL_URI: {
    explanation:
      'sd_lookup() was asked about something that is no URI, or its table holds something that is none; it returned -1.',
    action: 'Look at the value in the message.',
  },
  TABLE_BAD_ROW: {
    explanation:
      'A row of a table, or a line of a file in its place, cannot be used; it is left out, the others count.',
    action: 'Look at the row in the message.',
  },
  ACC_COLUMN: {
    explanation: 'A name that acc is to use for a column can be none.',
    action: 'Use letters, digits and underscores.',
  },
  ACC_DROPPED: {
    explanation:
      'A row for an accounting table was given up: as many wait as may (db_queue), or acc ends before the database is back.',
    action:
      'Bring the database back, or raise db_queue. Its values are in the log, where there is no room those of the first row.',
  },
  ACC_FIELDS: {
    explanation:
      'log_extra, db_extra, cdr_extra or multi_leg_info is not of the form name=$variable;…, or has a variable that does not exist.',
    action: 'Look at the part in the message; multi_leg_info takes AVPs only.',
  },
  ACC_FILTER: {
    explanation: 'failed_filter has something that is no status of a failure.',
    action: 'Write statuses from 300 to 999 with commas between them.',
  },
  ACC_FLAG: {
    explanation: 'There is no message flag of this number.',
    action: 'Flags are 0 to 31.',
  },
  ACC_NEEDS_DIALOG: {
    explanation:
      'Call data records (cdr_enable) are made of the calls that the module dialog knows, which is not loaded.',
    action: 'Load dialog.so and use dlg_manage() or dlg_flag; or leave cdr_enable at 0.',
  },
  ACC_NO_DATABASE: {
    explanation:
      'A flag, a function or cdrs_table wants a row in a table, and acc has no database; nothing is written there.',
    action: 'Set db_url, or leave db_flag, db_missed_flag, cdrs_table and acc_db_request() out.',
  },
  ACC_QUEUE: {
    explanation: 'The parameter db_queue is less than 1.',
    action: 'Correct the parameter.',
  },
  ACC_TABLE: {
    explanation: 'cdrs_table cannot be the name of a table.',
    action: 'Use letters, digits and underscores.',
  },
  DIALOG_AVP: {
    explanation: 'The parameter timeout_avp names no variable.',
    action: 'Write it like "$avp(timeout)".',
  },
  DIALOG_BAD_ARGUMENT: {
    explanation:
      'A function of dialog was given a side, a property, a flag, a state or a method that there is not; it returned -1.',
    action: 'Look at the value in the message; docs/dialog.md has the names.',
  },
  DIALOG_FILE: {
    explanation: 'The file for dlg.dump_file could not be written; the message says why.',
    action: 'Check the path and its permissions.',
  },
  DIALOG_KEEPALIVE: {
    explanation: 'One side of a call does not answer OPTIONS, or says that it knows no such call (408, 481).',
    action: 'After ka_failed_limit of these the call ends within 10 seconds. Look at that side if it happens often.',
  },
  DIALOG_LOST: {
    explanation: 'An INVITE had no final reply within early_timeout; its call is forgotten.',
    action:
      'early_timeout should be longer than tm’s fr_inv_timer. If it is, a transaction was released without a reply.',
  },
  DIALOG_NOT_SUPPORTED: {
    explanation: 'A function of dialog that this server does not have was called; it returned -1.',
    action: 'docs/dialog.md says why it is missing.',
  },
  DIALOG_NO_PROFILE: {
    explanation: 'There is no dialog profile of this name, or it needs a value; the function returned -1.',
    action: 'Add it to profiles_with_value or profiles_no_value.',
  },
  DIALOG_NO_TARGET: {
    explanation:
      'A request inside a call could not be sent to one side: that side has not answered, or gave no Contact.',
    action: 'Send requests only into answered calls.',
  },
  DIALOG_PARAMETER: {
    explanation: 'A parameter of dialog has a value that it cannot have.',
    action: 'The message says what it may be.',
  },
  DIALOG_REQUEST_FAILED: {
    explanation: 'A request that dlg_req_within() sent into a call had no success.',
    action: 'The message has the status; 408 is none at all.',
  },
  DIALOG_STORE: {
    explanation: 'The calls could not be written to their database, or not be read from it; the message says why.',
    action: 'They go on in memory and are written again by itself once the database is there.',
  },
  DIALOG_UNKNOWN: {
    explanation:
      'dlg_manage() was called for a request inside a call that is not known: begun before the start, or not managed.',
    action: 'Nothing if that is so. Else dlg_match_mode 1 finds calls without our Record-Route parameter, too.',
  },
  NATHELPER_BAD_ARGUMENT: {
    explanation:
      'A function of nathelper was given what it cannot use: flags that are no number, an address that is none.',
    action: 'Look at the value in the message.',
  },
  NATHELPER_NO_CONTACT: {
    explanation: 'A function of nathelper needs a Contact with a SIP URI, and the message has none; it returned -1.',
    action: 'Call it for messages that have one, such as INVITE, its replies, SUBSCRIBE and REGISTER.',
  },
  NATHELPER_BAD_ALIAS: {
    explanation: 'The alias parameter of a Request-URI is not address~port~protocol; handle_ruri_alias() returned -1.',
    action: 'Nothing, as a rule: it came from outside. Refuse such a request, or ignore the code.',
  },
  NATHELPER_PARAMETER: {
    explanation: 'A parameter of nathelper cannot be used as it stands.',
    action: 'Correct the parameter that the message names.',
  },
  REGISTRAR_BAD_ADDRESS: {
    explanation: 'unregister() was given a text that is no SIP or tel URI.',
    action: 'Write sip:user@domain.',
  },
  REGISTRAR_BAD_HEADER: {
    explanation: 'add_sock_hdr() was given a text that cannot be the name of a header.',
    action: 'Use letters, digits and hyphens.',
  },
  REGISTRAR_FLAGS: {
    explanation: 'The flags of save() are no number; nothing was saved.',
    action: 'Write a decimal or hexadecimal number, such as "0x04".',
  },
  REGISTRAR_NO_USRLOC: {
    explanation: 'The module registrar was loaded without usrloc, which keeps the contacts.',
    action: 'Add loadmodule "usrloc.so" before it.',
  },
  REGISTRAR_NOT_PREPARED: {
    explanation: 'reg_send_reply() was called, and no save() with flag 0x02 had left a reply to be sent.',
    action: 'Call save("location", "0x02") first.',
  },
  REGISTRAR_PARAMETER: {
    explanation: 'A parameter of registrar is out of its range, or names no AVP.',
    action: 'Correct the parameter that the message names.',
  },
  REGISTRAR_TABLE: {
    explanation: 'A function of registrar was given a name that no table can have, or there are 64 already.',
    action: 'Name the table as a constant, such as "location".',
  },
  REGISTRAR_REFUSED: {
    explanation: 'A REGISTER was refused; the message says why, and the reply too (P-Registrar-Error).',
    action: 'Nothing, or look at the client: a short time (423), an old CSeq, too many contacts.',
  },
  URI_DB_NO_CREDENTIALS: {
    explanation:
      'A function that asks whose a URI is was called, and nobody was let in by credentials yet; it returned -2.',
    action: 'Call it after www_authorize() or proxy_authorize().',
  },
  URI_DB_URI: {
    explanation: 'A URI whose owner is asked for has no user part, or is none; the function returned -4 or -1.',
    action: 'Nothing, as a rule: it came from outside.',
  },
  USRLOC_DATABASE_BACK: {
    explanation: 'The database of contacts works again; what changed meanwhile is being written.',
    action: 'Nothing.',
  },
  USRLOC_PARAMETER: {
    explanation: 'A parameter of usrloc is out of its range, or db_mode stands without a db_url.',
    action: 'Correct the parameter that the message names.',
  },
} as const satisfies Record<string, ErrorExplanation>;
