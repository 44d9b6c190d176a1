/** Counters of what the proxy did since it started; the server gives them their public names. */
export interface ProxyCounters {
  /** Calls of relay (t_relay) that found or made a transaction. */
  relayed: number;
  /** Server transactions made. */
  serverTransactions: number;
  /** Requests forwarded without a transaction. */
  forwarded: number;
  /** Replies made here, stateful and stateless. */
  localReplies: number;
  statelessReplies: number;
  /** Replies of branches, and those of them sent upstream. */
  repliesReceived: number;
  repliesRelayed: number;
  /** Replies forwarded without a transaction. */
  repliesForwarded: number;
  /** Requests answered 503 because the transaction limit was reached. */
  refusedFull: number;
  /** ACKs to our stateless negative replies. */
  ackFiltered: number;
  /** Replies nobody waits for. */
  droppedReplies: number;
  /** Finished server transactions by the class of their final reply, index 2 … 6. */
  readonly finals: number[];
}

export function newProxyCounters(): ProxyCounters {
  return {
    relayed: 0,
    serverTransactions: 0,
    forwarded: 0,
    localReplies: 0,
    statelessReplies: 0,
    repliesReceived: 0,
    repliesRelayed: 0,
    repliesForwarded: 0,
    refusedFull: 0,
    ackFiltered: 0,
    droppedReplies: 0,
    finals: [0, 0, 0, 0, 0, 0, 0],
  };
}
