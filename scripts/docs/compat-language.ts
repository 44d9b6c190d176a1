/** The language outside functions and variables: each row with an example that the tests put through the checker. */

export interface LanguageRow {
  readonly what: string;
  /** Configuration text; `body` examples stand in a request_route. */
  readonly example: string;
  readonly support: string;
}

export interface LanguageTable {
  readonly title: string;
  readonly where: 'body' | 'file';
  readonly rows: readonly LanguageRow[];
}

function row(what: string, example: string, support = 'yes'): LanguageRow {
  return { what, example, support };
}

const NOT_RUN = 'no: not run yet';
const TCP_EVENT = 'yes: of every connection, without the tcpops module';
const OURS = 'yes: also where Kamailio refuses it';
const DIALECT = 'yes: OpenSIPS syntax';

export const languageTables: readonly LanguageTable[] = [
  {
    title: 'Statements',
    where: 'body',
    rows: [
      row('call of a function', 'force_rport();'),
      row('call of a route', 'route(LATER);'),
      row('call of a computed route', 'route("LA" + "TER");'),
      row('assignment', '$var(x) = $var(x) + 1;'),
      row('assignment that replaces all values', '$avp(x) := 1;', DIALECT),
      row('if, else if, else', 'if ($rU == "1") { exit; } else if ($rU == "2") exit; else { drop; }'),
      row('while', 'while ($var(i) < 3) { $var(i) = $var(i) + 1; }'),
      row('for … in', 'for ($var(i) in $(avp(x)[*])) { xlog("$var(i)\\n"); }', DIALECT),
      row('switch over integers', 'switch ($rs) { case 1: case 2: exit; default: drop; }'),
      row('switch over texts and expressions', 'switch ($rU) { case "1": exit; case /"^2": drop; }'),
      row('break', 'while (1) { break; }'),
      row('return', 'return -1;'),
      row('exit, drop', 'if ($rs == 1) exit; drop;'),
      row('block as a statement', '{ force_rport(); }', OURS),
      row('empty block', 'if ($rs == 1) { }', OURS),
      row('last statement without `;`', 'if ($rs == 1) { exit }', OURS),
    ],
  },
  {
    title: 'Expressions',
    where: 'body',
    rows: [
      row('comparison', 'if ($rs == 1 || $rs != 2 && $rs < 3 || $rs >= 4) exit;'),
      row('comparison by words', 'if ($rU eq "a" or $rU ne "b" and not $rs ieq 1 or $rs ine 2) exit;'),
      row('regular expression', 'if ($ru =~ "^sip:[[:digit:]]+@") exit;'),
      row('regular expression, negated', 'if ($ru !~ "^sip:") exit;', OURS),
      row('arithmetic', '$var(x) = (1 + 2 * $var(a) - 3) / 4 mod 5;'),
      row('bits', '$var(x) = ($var(a) & 1) | ($var(a) << 2) ^ ~$var(b);'),
      row('joined texts', '$var(x) = "sip:" + $rU;'),
      row('undefined', 'if ($avp(x) == $null || defined $avp(y)) exit;'),
      row('strlen, strempty, selval', '$var(x) = selval(strempty($rU), strlen($ru), 0);'),
      row('conversion', '$var(x) = (int)$rU + (int)(str)5;'),
      row('function as a value', 'if (!is_method("INVITE")) exit;'),
      row('return code of a function', '$var(x) = is_method("INVITE");'),
      row('core keywords', 'if (method == "INVITE" && src_ip == 10.0.0.0/8 && uri == myself) exit;'),
      row('select', 'if (@via[1].branch =~ "^z9") exit;', 'partly: the paths listed under selects'),
    ],
  },
  {
    title: 'Preprocessor',
    where: 'file',
    rows: [
      row('define, trydefine, redefine', '#!define A 1\n#!trydefine A 2\n#!redefine A 3'),
      row('undefine, tryundef', '#!define B\n#!undef B\n#!tryundef B'),
      row('ifdef, ifndef, else, endif', '#!ifdef C\ndebug=3\n#!else\ndebug=2\n#!endif'),
      row('ifexp', '#!ifexp KAMAILIO_VERSION >= 5006000\ndebug=3\n#!endif'),
      row('defexp, defexps', '#!defexp D 1 + 2\n#!defexps E "a" + "b"'),
      row('defenv, defenvs, trydefenv, trydefenvs', '#!defenv HOME\n#!trydefenv F=NOT_THERE'),
      row('subst', '#!subst "/old/new/g"'),
      row('substdef, substdefs', '#!substdef "!ADDRESS!192.0.2.1!g"\n#!substdefs "!NAME!x!"'),
      row('include_file, import_file', 'include_file "other.cfg"\nimport_file "missing.cfg"'),
      row('KAMAILIO_5, KAMAILIO_VERSION, OS_NAME', '#!ifdef KAMAILIO_5\ndebug=1\n#!endif'),
      row('TRUNKLINE (ours)', '#!ifdef TRUNKLINE\ndebug=1\n#!endif'),
      row('MOD_name of a loaded module', '#!ifdef MOD_tm\ndebug=1\n#!endif'),
    ],
  },
  {
    title: 'Declarations',
    where: 'file',
    rows: [
      row('modparam', 'modparam("tm", "fr_timer", 5000)'),
      row(
        'modparam of several modules',
        'modparam("tm|tm_old", "fr_timer", 5000)',
        'yes: each loaded module that matches must have the parameter',
      ),
      row('modparamx', 'modparamx("rr", "append_fromtag", 1)'),
      row('loadmodule', 'loadmodule "/usr/lib/kamailio/modules/tmx.so"'),
      row('mpath, loadpath', 'mpath="/usr/lib/kamailio/modules/"', 'ignored: modules are part of the program'),
      row('flags', 'flags FIRST:1, SECOND;'),
      row('avpflags', 'avpflags ONE;', 'ignored: AVP flags do not exist'),
      row('custom settings', 'pstn.gateway = "192.0.2.1" desc "carrier"'),
      row('listen', 'listen=udp:127.0.0.1:5060 advertise 192.0.2.1:5060 name "out"'),
      row('socket block', 'socket = { bind = udp:127.0.0.1:5060; name = "out"; }'),
      row('cfgengine', 'cfgengine "native"', 'partly: native only'),
    ],
  },
  {
    title: 'Route blocks',
    where: 'file',
    rows: [
      row('request_route, route', 'request_route { exit; }\nroute { exit; }'),
      row('route[NAME]', 'route[ONE] { exit; }\nroute["TO-PSTN"] { exit; }'),
      row('reply_route, onreply_route', 'reply_route { exit; }\nonreply_route { exit; }'),
      row('onreply_route[NAME]', 'onreply_route[ONE] { exit; }'),
      row('failure_route[NAME]', 'failure_route[ONE] { exit; }'),
      row('branch_route[NAME]', 'branch_route[ONE] { exit; }'),
      row('onsend_route', 'onsend_route { exit; }', 'partly: for requests, not for replies (onsend_route_reply)'),
      row('event_route[NAME]', 'event_route[tm:branch-failure:x] { exit; }', 'partly: see event routes'),
      row('startup_route', 'startup_route { exit; }', DIALECT),
      row('error_route', 'error_route { exit; }', DIALECT),
      row('timer_route[NAME, seconds]', 'timer_route[check, 60] { exit; }', DIALECT),
      row(
        'local_route',
        'local_route { exit; }',
        'partly: OpenSIPS syntax; it is read as event_route[tm:local-request]',
      ),
    ],
  },
];

/** The configuration that shows one row. */
export function exampleConfig({ where }: LanguageTable, { example }: LanguageRow): string {
  return where === 'body'
    ? `request_route {\n${example}\n}\nroute[LATER] { exit; }`
    : `${example}\n${/^(request_)?route \{/m.test(example) ? '' : 'request_route { exit; }'}`;
}

export interface EventRow {
  readonly name: string;
  readonly when: string;
  readonly support: string;
}

/** Events of Kamailio and what becomes of them here; the checker warns about those that nobody runs. */
export const eventRows: readonly EventRow[] = [
  {
    name: 'tm:branch-failure[:NAME]',
    when: 'a branch ended with 300 or more, armed by t_on_branch_failure("NAME")',
    support: 'yes',
  },
  {
    name: 'tm:local-request',
    when: 'a request made by this server is sent',
    support:
      'partly: requests of uac_req_send, t_uac_send and remote registration (REGISTERs keep their way, and a route that may wait is left out for them); those of t_replicate leave without it',
  },
  { name: 'tm:local-response', when: 'a reply to such a request', support: NOT_RUN },
  { name: 'sl:filtered-ack', when: 'an ACK to a stateless reply was absorbed', support: 'yes' },
  { name: 'sl:local-response', when: 'a stateless reply is sent', support: NOT_RUN },
  {
    name: 'uac:reply',
    when: 'the final reply to a request of uac_req_send(), with $uac_req(evroute)',
    support: 'yes',
  },
  {
    name: 'uac:registration',
    when: 'ours: the registration of an account has changed; $uac_reg(uuid), (old), (new), (code), (reason) … say how',
    support: 'yes',
  },
  { name: 'core:modinit-before', when: 'before modules start', support: 'yes' },
  { name: 'core:worker-one-init', when: 'once, after the start', support: 'yes' },
  { name: 'core:pre-routing', when: 'before request_route and reply_route', support: 'yes' },
  {
    name: 'core:msg-received',
    when: 'a message came in, with received_route_mode',
    support: 'partly: the message was parsed already; what cannot be parsed goes to core:receive-parse-error',
  },
  {
    name: 'core:receive-parse-error',
    when: 'a message that cannot be parsed',
    support: 'partly: where enough of it can be read for a reply',
  },
  { name: 'tcp:closed', when: 'a connection ended', support: TCP_EVENT },
  { name: 'tcp:timeout', when: 'a connection was idle for too long', support: TCP_EVENT },
  { name: 'tcp:reset', when: 'a peer reset a connection', support: TCP_EVENT },
  { name: 'htable:mod-init', when: 'the tables are there, before the first message', support: 'yes' },
  {
    name: 'htable:expired[:TABLE]',
    when: 'an entry of the table expired; $shtrecord(key) and $shtrecord(value) are it',
    support: 'yes',
  },
  {
    name: 'usrloc:contact-expired',
    when: 'a contact has ended and is taken out; $ulc(exp=>aor), $ulc(exp=>addr) … are of it',
    support: 'yes',
  },
  { name: 'websocket:closed', when: 'a WebSocket connection ended', support: 'yes' },
];

/** Paths of selects, for `@path` and `$sel(path)`, with what may follow; the tests compile each. */
export const selectPaths: readonly (readonly [string, string])[] = [
  ['@ruri', '.type .user .password .host .port .hostport .transport .params.NAME'],
  ['@from', '(also @f) .uri and the parts of a URI, .name, .nameaddr, .tag, .params.NAME'],
  ['@to', '(also @t) the same'],
  ['@contact', '(also @m) the same, and .expires .q .methods .received .instance'],
  ['@refer_to', 'the same'],
  ['@route', 'the same'],
  ['@record_route', 'the same'],
  [
    '@via[1]',
    '(also @v) [1] is the topmost, [-1] the last; .host .port .transport .rport .params.NAME, or a parameter by its name',
  ],
  [
    '@hf_value.name',
    '(also @hf_value2) a header by its name; .name[2] its second value; then .uri .param.NAME .p.NAME',
  ],
  ['@msg', '.len .type .body .header .header["NAME"] .header.NAME[2]'],
  ['@method', ''],
  ['@callid', '(also @call_id)'],
  ['@cseq', '.num .method'],
  ['@event', ''],
  ['@cfg_get.core.udp_mtu', 'custom settings by group and name, and some of the core'],
  ['@sys.unique', '.pid .now'],
  ['@src.ip', '.port .ip_port .proto .proto_ip_port'],
  ['@dst.ip', 'the same'],
  ['@received.ip', 'the same'],
];
