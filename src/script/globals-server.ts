/** What a configuration says to the process rather than to its routes: sockets, names, limits, logging. */
import type { AliasSpec, ListenSpec } from '../transport/listen.ts';
import type { TransportLimits } from '../transport/options.ts';
import type { Proto } from '../transport/transport.ts';
import type { Config, SocketAddress } from './ast-config.ts';
import type { DiagnosticList } from './diagnostic.ts';
import { globalParameter } from './global-parameters.ts';
import type { GlobalValues } from './globals-values.ts';

/** Everything the server needs before it can open its sockets. */
export interface ServerConfig {
  /** Sockets to open, in the order of the file; empty: every interface. */
  readonly listen: readonly ListenSpec[];
  readonly aliases: readonly AliasSpec[];
  /** Names of our own addresses, looked up in the DNS, become aliases. Off unless asked for, unlike Kamailio. */
  readonly autoAliases: boolean;
  /** Default port of sockets and of TLS ones. */
  readonly port: number;
  readonly tlsPort: number;
  readonly enableTcp: boolean;
  readonly enableTls: boolean;
  /** Put into sockets that have no `advertise` of their own already; kept for messages that need it. */
  readonly advertisedAddress: string;
  readonly advertisedPort: number;
  /** Limits that the file sets, in the transport layer's units. */
  readonly limits: Partial<TransportLimits>;
  readonly tcpKeepalive: boolean;
  readonly tcpCrlfPing: boolean;
  readonly tcpNoConnect: boolean;
  readonly tcpAcceptAliases: boolean;
  /** HTTP on SIP stream sockets, without Content-Length. */
  readonly tcpAcceptNoContentLength: boolean;
  readonly log: LogConfig;
  readonly dns: DnsConfig;
  /** Worker processes Kamailio would start; one process does the work here. */
  readonly children: number;
  readonly user: string;
  readonly group: string;
  readonly workdir: string;
  readonly rundir: string;
  /** event_route[core:msg-received] runs. */
  readonly receivedRoute: boolean;
}

export interface LogConfig {
  /** To stderr instead of syslog. */
  readonly stderr: boolean;
  readonly facility: string;
  readonly name: string;
  readonly color: boolean;
  /** 1: the prefix is evaluated for every line, 0: once a message. */
  readonly prefixMode: number;
}

export interface DnsConfig {
  readonly tryNaptr: boolean;
  readonly tryIpv6: boolean;
  readonly srvLoadBalancing: boolean;
  readonly cache: boolean;
  readonly failover: boolean;
  /** Preferences of the protocols where there is no NAPTR record (higher first). */
  readonly preference: Readonly<Record<'udp' | 'tcp' | 'tls', number>>;
  /** Seconds, 0 for the resolver's own. */
  readonly retryTime: number;
  readonly retries: number;
}

/** Reads the parameters of the process. */
export function serverConfig(config: Config, values: GlobalValues, diagnostics: DiagnosticList): ServerConfig {
  const listen: ListenSpec[] = [];
  const aliases: AliasSpec[] = [];
  const advertisedAddress = values.text('advertised_address', '');
  const advertisedPort = values.int('advertised_port', 0);
  const addListen = (address: SocketAddress): void => {
    for (const spec of listenSpecs(address, advertisedAddress, advertisedPort, diagnostics)) listen.push(spec);
  };
  for (const item of config.items) {
    if (item.kind === 'socketDefinition') addListen(item.address);
    if (item.kind !== 'globalAssignment' || item.value.kind !== 'addresses') continue;
    const { addresses } = item.value;
    if (globalParameter(item.name)?.name === 'listen') addresses.forEach(addListen);
    else for (const address of addresses) aliases.push(alias(address));
  }
  return {
    listen,
    aliases,
    autoAliases: values.bool('auto_aliases', false),
    port: values.int('port', 5060),
    tlsPort: values.int('tls_port_no', 5061),
    enableTcp: !values.bool('disable_tcp', false),
    enableTls: values.bool('enable_tls', false) && !values.bool('disable_tls', false),
    advertisedAddress,
    advertisedPort,
    limits: limits(values),
    tcpKeepalive: values.bool('tcp_keepalive', true),
    tcpCrlfPing: values.bool('tcp_crlf_ping', true),
    tcpNoConnect: values.bool('tcp_no_connect', false),
    tcpAcceptAliases: values.bool('tcp_accept_aliases', false),
    tcpAcceptNoContentLength: values.bool('tcp_accept_no_cl', false),
    log: {
      stderr: values.bool('log_stderror', values.bool('stderror_enabled', false)),
      facility: values.text('log_facility', values.text('syslog_facility', 'LOG_DAEMON')),
      name: values.text('log_name', values.text('syslog_name', '')),
      color: values.bool('log_color', false),
      prefixMode: values.int('log_prefix_mode', 0),
    },
    dns: dns(values),
    children: values.int('children', values.int('udp_workers', 8)),
    user: values.text('user', ''),
    group: values.text('group', ''),
    workdir: values.text('workdir', ''),
    rundir: values.text('rundir', ''),
    receivedRoute: values.bool('received_route_mode', false),
  };
}

function dns(values: GlobalValues): DnsConfig {
  return {
    tryNaptr: values.bool('dns_try_naptr', false),
    tryIpv6: values.bool('dns_try_ipv6', false),
    srvLoadBalancing: values.bool('dns_srv_lb', false),
    cache: values.bool('use_dns_cache', true),
    failover: values.bool('use_dns_failover', false),
    preference: {
      udp: values.int('dns_udp_pref', 30),
      tcp: values.int('dns_tcp_pref', 20),
      tls: values.int('dns_tls_pref', 10),
    },
    retryTime: values.int('dns_retr_time', 0),
    retries: values.int('dns_retr_no', 0),
  };
}

/** Kamailio's names, the factor to the transport layer's unit, and that layer's names. */
const LIMITS: readonly (readonly [string, number, keyof TransportLimits])[] = [
  ['tcp_connection_lifetime', 1000, 'connectionLifetime'],
  ['tcp_max_connections', 1, 'maxConnections'],
  ['tcp_accept_iplimit', 1, 'maxConnectionsPerIp'],
  ['tcp_connect_timeout', 1000, 'connectTimeout'],
  ['tcp_send_timeout', 1000, 'sendTimeout'],
  ['tcp_msg_read_timeout', 1000, 'partialTimeout'],
  ['tls_handshake_timeout', 1000, 'handshakeTimeout'],
  ['tcp_conn_wq_max', 1, 'writeQueueBytes'],
  ['tcp_wq_max', 1, 'totalQueueBytes'],
];

function limits(values: GlobalValues): Partial<TransportLimits> {
  const found: Partial<Record<keyof TransportLimits, number>> = {};
  for (const [name, factor, field] of LIMITS) {
    const value = values.int(name, 0);
    if (value > 0) found[field] = value * factor;
  }
  return found;
}

const PROTOCOLS: ReadonlySet<string> = new Set(['udp', 'tcp', 'tls', 'ws', 'wss']);

/** A range of ports is one socket for each. */
function listenSpecs(
  address: SocketAddress,
  advertisedHost: string,
  advertisedPort: number,
  diagnostics: DiagnosticList,
): ListenSpec[] {
  const { proto, port, portEnd, name } = address;
  if (proto !== null && !PROTOCOLS.has(proto)) {
    diagnostics.warning(
      'CFG_UNSUPPORTED_PROTOCOL',
      `protocol ${proto} is not supported; the socket is left out`,
      address.at,
    );
    return [];
  }
  if (port !== null && portEnd !== null && portEnd < port) {
    diagnostics.error('CFG_VALUE', `the port range ${port}-${portEnd} runs backwards`, address.at);
    return [];
  }
  const advertise = advertised(address, advertisedHost, advertisedPort);
  const base = {
    host: address.host === '*' ? '0.0.0.0' : address.host,
    ...(proto === null ? {} : { proto: proto as Proto }),
    ...(name === null ? {} : { name }),
    ...(advertise === null ? {} : { advertise }),
  };
  if (port === null) return [base];
  return Array.from({ length: (portEnd ?? port) - port + 1 }, (_, index) => ({ ...base, port: port + index }));
}

function advertised(address: SocketAddress, host: string, port: number): { host: string; port?: number } | null {
  const own = address.advertise;
  if (own !== null) return own.port === null ? { host: own.host } : { host: own.host, port: own.port };
  if (host === '') return null;
  return port === 0 ? { host } : { host, port };
}

function alias({ proto, host, port }: SocketAddress): AliasSpec {
  return {
    host,
    ...(port === null ? {} : { port }),
    ...(proto === null || !PROTOCOLS.has(proto) ? {} : { proto: proto as Proto }),
  };
}
