import type { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import { defineModule, fn, intParam, listParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_REQUEST } from '../script/values.ts';

/** State of one program's tls module: the transports hold the certificates, see server/tls-settings.ts. */
interface TlsModule {
  readonly host: ModuleHost;
}

const OPENSSL = "ignored: Node's OpenSSL has no such switch";
const KAMAILIO_QUEUE = 'ignored: tcp_conn_wq_max and tcp_wq_max hold for TLS too';
const NO_KEMI = 'ignored: no KEMI callbacks yet';

function notHere(module: TlsModule, name: string): (ctx: ScriptContext) => number {
  return () => {
    module.host.log.write(L_ERR, 'tls', `${name} is not supported`, 'TLS_NOT_SUPPORTED');
    return -1;
  };
}

/**
 * tls: certificates and rules of TLS connections. Its parameters are read before the sockets open; here they are only declared.
 * Without `config` they hold for accepted and for opened connections alike, with it the file alone counts, both as in Kamailio.
 */
export const tls = defineModule<TlsModule>({
  name: 'tls',
  after: [],
  parameters: [
    strParam('config', null, 'yes: server and client profiles, one for each socket, certificates by server name'),
    strParam('certificate', null),
    strParam('private_key', null),
    strParam('private_key_password', null),
    strParam('ca_list', null, "partly: without one, servers that we connect to are checked with Node's authorities"),
    strParam('ca_path', null, 'partly: the files of the folder are read once, at start'),
    strParam('crl', null),
    intParam('verify_certificate', 0),
    intParam('require_certificate', 0),
    strParam('verify_client', null, 'partly: optional_no_ca is off'),
    strParam('tls_method', null, 'partly: TLS 1.2 at least, whatever older one is named (RFC 8996)'),
    strParam('cipher_list', null),
    intParam('verify_depth', 9, "ignored: Node's limit holds"),
    strParam('server_name', null, 'ignored: the name of the next hop is asked for'),
    intParam('connection_timeout', 600, 'ignored: tcp_connection_lifetime holds for TLS too'),
    intParam('tls_force_run', 0, 'ignored: it is about faults of OpenSSL in processes that fork'),
    intParam('init_mode', 0, 'ignored: it is about faults of OpenSSL in processes that fork'),
    intParam('key_password_mode', 0, 'ignored'),
    intParam('tls_disable_compression', 1, 'yes: there is none'),
    intParam('renegotiation', 0, 'yes: there is none'),
    intParam('session_cache', 0, OPENSSL),
    strParam('session_id', null, OPENSSL),
    intParam('send_close_notify', 0, 'ignored: it is always sent'),
    intParam('ssl_freelist_max_len', -1, OPENSSL),
    intParam('ssl_max_send_fragment', -1, OPENSSL),
    intParam('ssl_read_ahead', 0, OPENSSL),
    intParam('ssl_release_buffers', -1, OPENSSL),
    intParam('low_mem_threshold1', -1, 'ignored: memory is not of a fixed size'),
    intParam('low_mem_threshold2', -1, 'ignored: memory is not of a fixed size'),
    intParam('con_ct_wq_max', 65536, KAMAILIO_QUEUE),
    intParam('ct_wq_max', 10485760, KAMAILIO_QUEUE),
    intParam('ct_wq_blk_size', 4096, KAMAILIO_QUEUE),
    intParam('tls_log', 3, 'ignored: refused handshakes are always logged'),
    intParam('tls_debug', 3, 'ignored: refused handshakes are always logged'),
    strParam('engine', 'NONE', OPENSSL),
    strParam('engine_config', null, OPENSSL),
    strParam('engine_algorithms', null, OPENSSL),
    listParam('rand_engine', 'str', OPENSSL),
    intParam('provider_quirks', 0, OPENSSL),
    strParam('provider_quirks_config', null, OPENSSL),
    intParam('keylog_mode', 0, 'ignored: keys are not written down'),
    strParam('keylog_file', null, 'ignored: keys are not written down'),
    strParam('keylog_peer', null, 'ignored: keys are not written down'),
    strParam('xavp_cfg', null, 'ignored: the certificate shown is that of the client profile'),
    strParam('event_callback', null, NO_KEMI),
  ],
  functions: [
    fn(
      'is_peer_verified',
      [],
      ROUTE_REQUEST,
      ({ host: { sender } }) =>
        (ctx) =>
          sender.peerVerified?.(ctx.from.connection) === true ? 1 : -1,
      { support: 'partly: never of a WebSocket connection' },
    ),
    fn('tls_set_connect_server_id', ['str'], ROUTE_ANY, (m) => notHere(m, 'tls_set_connect_server_id'), {
      support: 'no: there is one client profile',
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host) => ({ host }),
});
