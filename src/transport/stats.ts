import type { Proto } from './transport.ts';

/** Counters of one protocol; they only grow. */
export interface ProtoCounters {
  received: number;
  receivedBytes: number;
  sent: number;
  sentBytes: number;
  sendFailures: number;
}

/** What the transport layer counts, for metrics and operators. Counters only grow; gauges are marked. */
export interface TransportStats {
  readonly byProto: Readonly<Record<Proto, ProtoCounters>>;
  /** Received keepalives that are no messages: CRLF, zero bytes, STUN. */
  keepalives: number;
  parseFailures: number;
  handlerFailures: number;
  connectionsAccepted: number;
  connectionsOpened: number;
  connectionsClosed: number;
  connectionsFailed: number;
  /** Gauge: connections open or being opened now. */
  connections: number;
  /** Gauge: bytes waiting in write queues now. */
  queuedBytes: number;
  /** What was refused, dropped or closed by us, by error code. */
  readonly dropped: Map<string, number>;
}

function counters(): ProtoCounters {
  return { received: 0, receivedBytes: 0, sent: 0, sentBytes: 0, sendFailures: 0 };
}

/** All counters at zero. */
export function newStats(): TransportStats {
  return {
    byProto: { udp: counters(), tcp: counters(), tls: counters(), ws: counters(), wss: counters() },
    keepalives: 0,
    parseFailures: 0,
    handlerFailures: 0,
    connectionsAccepted: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    connectionsFailed: 0,
    connections: 0,
    queuedBytes: 0,
    dropped: new Map(),
  };
}

/** Counts one drop, refusal or closing under its error code. */
export function countDrop(stats: TransportStats, code: string): void {
  stats.dropped.set(code, (stats.dropped.get(code) ?? 0) + 1);
}
