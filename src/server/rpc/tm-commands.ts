import { HDR_FROM, HDR_TO } from '../../message/header-name.ts';
import { unfold } from '../../message/sanitize.ts';
import type { Cell } from '../../proxy/cell.ts';
import { type RpcArguments, RpcFault, type RpcMethod } from '../../rpc/method.ts';
import { RpcSeveral, type RpcStruct, struct } from '../../rpc/value.ts';
import { fromBytes } from '../../script/utf8.ts';
import type { ServerCore } from '../core.ts';
import { command } from './context.ts';

/** A header's line with its value as it came; texts of messages are one character a byte. */
function line(name: string, value: string): string {
  return `${name}: ${unfold(fromBytes(value))}
`;
}

/** One transaction of tm.list. @param now the clock's ms */
function described(cell: Cell, now: number): RpcStruct {
  const { pristine, received } = cell.state;
  return struct({
    cell: `0x${cell.index.toString(16)}`,
    tindex: cell.index,
    tlabel: cell.label,
    method: pristine.method,
    from: line('From', pristine.value(HDR_FROM) ?? ''),
    to: line('To', pristine.value(HDR_TO) ?? ''),
    callid: line('Call-ID', pristine.callId),
    cseq: `CSeq: ${pristine.cseq?.seq ?? 0}`,
    uas_request: 'yes',
    tflags: 0,
    outgoings: cell.branches.length,
    ref_count: 1,
    lifetime: Math.max(0, Math.round(now - received.at)),
  });
}

/** tm.*: transactions. */
export function tmCommands({ proxy, clock }: ServerCore): readonly RpcMethod[] {
  return [
    command('tm.stats', 'Numbers of transactions and replies.', () => {
      const { serverTransactions, repliesReceived, repliesRelayed, finals } = proxy.counters;
      const generated = proxy.counters.localReplies - proxy.counters.statelessReplies;
      let waiting = 0;
      for (const cell of proxy.cells.values()) if (cell.isFinished) waiting++;
      const current = proxy.liveCells();
      return struct({
        current,
        waiting,
        total: serverTransactions,
        total_local: 0,
        rpl_received: repliesReceived,
        rpl_generated: generated,
        rpl_sent: generated + repliesRelayed,
        '6xx': finals[6] ?? 0,
        '5xx': finals[5] ?? 0,
        '4xx': finals[4] ?? 0,
        '3xx': finals[3] ?? 0,
        '2xx': finals[2] ?? 0,
        created: serverTransactions,
        freed: Math.max(0, serverTransactions - current),
        delayed_free: 0,
      });
    }),
    command(
      'tm.list',
      'Lists the transactions.',
      () => {
        const now = clock.now();
        return new RpcSeveral(list(proxy.cells, now));
      },
      true,
    ),
    command('tm.clean', 'Removes transactions that outlived their time; there are none here.', () => undefined),
    command('tm.cancel', 'Cancels an INVITE by its Call-ID and CSeq number.', (args: RpcArguments) => {
      const [callId, cseq] = [args.text(0), args.text(1)];
      if (callId === null || cseq === null) throw new RpcFault(400, 'Callid and CSeq expected as parameters');
      const done = proxy.forCallId(callId, Number(cseq), (cell) => cell.cancel(cell.state.pristine));
      if (done < 0) throw new RpcFault(400, 'Transaction not found');
      return undefined;
    }),
  ];
}

/** Drawn while the calls go on: what ends meanwhile is not met. */
function* list(cells: ReadonlyMap<number, Cell>, now: number): Iterable<RpcStruct> {
  for (const cell of cells.values()) yield described(cell, now);
}
