import type { Statistics } from '../script/statistics.ts';
import type { ServerCore } from './core.ts';

const METHODS = [
  'invite',
  'cancel',
  'ack',
  'bye',
  'info',
  'register',
  'subscribe',
  'notify',
  'message',
  'options',
  'prack',
  'update',
  'refer',
  'publish',
];

/** Registers the core's statistics under Kamailio's names. */
export function coreStatistics(statistics: Statistics, core: ServerCore): void {
  const { router, proxy, transport, transactions } = core;
  const tally = (name: string, read: () => number): void => statistics.tally('core', name, read);
  tally('rcv_requests', () => router.counters.requests);
  tally('rcv_replies', () => router.counters.replies);
  for (const method of METHODS)
    tally(`rcv_requests_${method}`, () => router.counters.methods.get(method.toUpperCase()) ?? 0);
  for (const digit of [1, 2, 3, 4, 5, 6]) tally(`rcv_replies_${digit}xx`, () => router.counters.classes[digit] ?? 0);
  tally('fwd_requests', () => proxy.counters.forwarded);
  tally('fwd_replies', () => proxy.counters.repliesForwarded);
  tally(
    'drop_replies',
    () =>
      router.counters.droppedReplies +
      router.counters.foreignReplies +
      proxy.counters.droppedReplies +
      transactions.stats.responseSendFailed,
  );
  tally('bad_URIs_rcvd', () => router.counters.badUris);
  tally('bad_msg_hdr', () => router.counters.parseFailures);
  tally('refused_full', () => proxy.counters.refusedFull);
  statistics.gauge('tm', 'live_transactions', () => transactions.size);
  statistics.gauge('tcp', 'current_opened_connections', () => transport.connections().length);
}
