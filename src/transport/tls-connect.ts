import { connect } from 'node:tls';
import type { ParseLimits } from '../message/parser.ts';
import type { ConnectionFacts, ConnectionHost } from './connection.ts';
import { StreamConnection } from './tcp.ts';
import { type TlsSettings, tlsClientOptions } from './tls.ts';

/** Opens a TLS connection; it can be sent to at once, its queue waits for the handshake. */
export function connectTls(
  facts: ConnectionFacts,
  host: ConnectionHost,
  limits: ParseLimits,
  localAddress: string | undefined,
  keepAlive: boolean,
  settings: TlsSettings | undefined,
): StreamConnection {
  const socket = connect({
    host: facts.ip,
    port: facts.port,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...tlsClientOptions(settings, facts.serverName, facts.ip),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(keepAlive, 60_000);
  const connection = new StreamConnection(facts, host, socket, limits, 'secureConnect');
  connection.start();
  return connection;
}
