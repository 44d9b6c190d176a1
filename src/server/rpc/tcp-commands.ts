import type { RpcMethod } from '../../rpc/method.ts';
import { RpcSeveral, struct } from '../../rpc/value.ts';
import type { ConnectionState } from '../../transport/connection.ts';
import { DEFAULT_TRANSPORT_LIMITS } from '../../transport/options.ts';
import { type CommandContext, command } from './context.ts';

/** Kamailio's names of a connection's states. */
const STATES: Readonly<Record<ConnectionState, string>> = {
  connecting: 'CONN_CONNECT',
  open: 'CONN_OK',
  closing: 'CONN_EOF',
  closed: 'CONN_BAD',
};

/** core.tcp_*: stream connections. */
export function tcpCommands({ core, plan }: CommandContext): readonly RpcMethod[] {
  const { transport } = core;
  const limits = () => ({ ...DEFAULT_TRANSPORT_LIMITS, ...plan().globals.server.limits });
  const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1000));
  return [
    command(
      'core.tcp_list',
      'Lists the stream connections: TCP, TLS and WebSocket.',
      () => {
        const { connectionLifetime } = limits();
        return new RpcSeveral(
          transport.connections().map(({ id, proto, state, ip, port, listen, idle }) =>
            struct({
              id,
              type: proto.toUpperCase(),
              state: STATES[state],
              timeout: seconds(connectionLifetime - idle),
              lifetime: seconds(connectionLifetime),
              ref_count: 1,
              src_ip: ip,
              src_port: port,
              dst_ip: listen.address,
              dst_port: listen.port,
            }),
          ),
        );
      },
      true,
    ),
    command('core.tcp_info', 'Numbers of the stream connections.', () => {
      const all = transport.connections();
      const secure = all.filter(({ proto }) => proto === 'tls' || proto === 'wss').length;
      const { maxConnections } = limits();
      return struct({
        readers: 1,
        max_connections: maxConnections,
        max_tls_connections: maxConnections,
        opened_connections: all.length,
        opened_tls_connections: secure,
        write_queued_bytes: transport.stats.queuedBytes,
      });
    }),
    command('core.tcp_options', 'Settings of stream connections.', () => {
      const { connectTimeout, sendTimeout, connectionLifetime, maxConnections, writeQueueBytes, totalQueueBytes } =
        limits();
      const { tcpNoConnect, tcpKeepalive, tcpCrlfPing, tcpAcceptAliases } = plan().globals.server;
      return struct({
        connect_timeout: seconds(connectTimeout),
        send_timeout: seconds(sendTimeout),
        connection_lifetime: seconds(connectionLifetime),
        'max_connections(soft)': maxConnections,
        'max_tls_connections(soft)': maxConnections,
        no_connect: Number(tcpNoConnect),
        fd_cache: 1,
        async: 1,
        connect_wait: 1,
        conn_wq_max: writeQueueBytes,
        wq_max: totalQueueBytes,
        defer_accept: 0,
        delayed_ack: 0,
        syncnt: 0,
        linger2: 0,
        keepalive: Number(tcpKeepalive),
        keepidle: 0,
        keepintvl: 0,
        keepcnt: 0,
        crlf_ping: Number(tcpCrlfPing),
        accept_aliases: Number(tcpAcceptAliases),
        alias_flags: 1,
        new_conn_alias_flags: 2,
      });
    }),
  ];
}
