/** Words with a meaning of their own. */
import { globalParameter } from './global-parameters.ts';

/** Core functions by every name they have, to the name the syntax tree uses. */
export const coreFunctions: ReadonlyMap<string, string> = new Map(
  Object.entries({
    forward: 'forward',
    forward_udp: 'forward_udp',
    forward_tcp: 'forward_tcp',
    forward_tls: 'forward_tls',
    forward_sctp: 'forward_sctp',
    setflag: 'setflag',
    resetflag: 'resetflag',
    isflagset: 'isflagset',
    setavpflag: 'setavpflag',
    resetavpflag: 'resetavpflag',
    isavpflagset: 'isavpflagset',
    force_rport: 'force_rport',
    add_rport: 'force_rport',
    add_local_rport: 'add_local_rport',
    force_tcp_alias: 'force_tcp_alias',
    add_tcp_alias: 'force_tcp_alias',
    force_send_socket: 'force_send_socket',
    rewritehost: 'rewritehost',
    sethost: 'rewritehost',
    seth: 'rewritehost',
    rewritehostport: 'rewritehostport',
    sethostport: 'rewritehostport',
    sethp: 'rewritehostport',
    rewritehostporttrans: 'rewritehostporttrans',
    sethostporttrans: 'rewritehostporttrans',
    sethpt: 'rewritehostporttrans',
    rewriteport: 'rewriteport',
    setport: 'rewriteport',
    setp: 'rewriteport',
    rewriteuser: 'rewriteuser',
    setuser: 'rewriteuser',
    setu: 'rewriteuser',
    rewriteuserpass: 'rewriteuserpass',
    setuserpass: 'rewriteuserpass',
    setup: 'rewriteuserpass',
    rewriteuri: 'rewriteuri',
    seturi: 'rewriteuri',
    revert_uri: 'revert_uri',
    prefix: 'prefix',
    strip: 'strip',
    strip_tail: 'strip_tail',
    userphone: 'userphone',
    remove_branch: 'remove_branch',
    clear_branches: 'clear_branches',
    set_advertised_address: 'set_advertised_address',
    set_advertised_port: 'set_advertised_port',
    set_forward_no_connect: 'set_forward_no_connect',
    set_reply_no_connect: 'set_reply_no_connect',
    set_forward_close: 'set_forward_close',
    set_reply_close: 'set_reply_close',
    udp_mtu_try_proto: 'udp_mtu_try_proto',
    log: 'log',
    error: 'error',
    exec: 'exec',
    cfg_select: 'cfg_select',
    cfg_reset: 'cfg_reset',
  }),
);

/** Words of statements and expressions. */
export const statementWords: ReadonlySet<string> = new Set(
  `if else switch case default while for break return exit drop and or not mod eq ne ieq ine defined strlen strempty selval
   yes true on enable no false off disable`.split(/\s+/),
);

/** Words that read a part of the message in a condition. */
export const coreKeywords: ReadonlySet<string> = new Set(
  `method uri status from_uri to_uri src_ip dst_ip src_port dst_port to_ip to_port snd_ip snd_port snd_proto snd_af proto
   af max_len myself`.split(/\s+/),
);

/** Words that begin an item outside route blocks. */
export const itemWords: ReadonlySet<string> = new Set(
  `loadmodule loadmodulex loadpath mpath modparam modparamx flags bool avpflags cfgengine request_route route reply_route
   onreply_route failure_route branch_route event_route onsend_route startup_route local_route error_route timer_route
   include_file import_file`.split(/\s+/),
);

const otherWords: ReadonlySet<string> = new Set(
  'udp UDP tcp TCP tls TLS sctp SCTP ws WS wss WSS inet INET inet6 INET6'.split(' '),
);

/** Words of integers: `yes` is 1, `no` is 0. */
export const integerWords: ReadonlyMap<string, number> = new Map([
  ...['yes', 'true', 'on', 'enable'].map((word) => [word, 1] as const),
  ...['no', 'false', 'off', 'disable'].map((word) => [word, 0] as const),
]);

/**
 * True for words that Kamailio's lexer knows: a define of that name is never expanded, and without quotes they cannot be
 * route names or parts of host names.
 */
export function isReservedWord(word: string): boolean {
  return (
    statementWords.has(word) ||
    coreKeywords.has(word) ||
    itemWords.has(word) ||
    otherWords.has(word) ||
    coreFunctions.has(word) ||
    globalParameter(word)?.foreign === false
  );
}
