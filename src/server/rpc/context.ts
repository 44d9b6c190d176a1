import type { RpcArguments, RpcMethod } from '../../rpc/method.ts';
import type { RpcResult } from '../../rpc/value.ts';
import type { Plan } from '../../script/checker.ts';
import type { Log } from '../../script/log.ts';
import type { Statistics } from '../../script/statistics.ts';
import type { ServerCore } from '../core.ts';

/** What the commands tell about. */
export interface CommandContext {
  readonly core: ServerCore;
  readonly statistics: Statistics;
  readonly log: Log;
  /** The configuration in force. */
  readonly plan: () => Plan;
}

/** A command of the server. @param array see RpcMethod */
export function command(
  name: string,
  doc: string,
  run: (args: RpcArguments) => RpcResult | Promise<RpcResult>,
  array = false,
): RpcMethod {
  return { name, doc: [doc], array, run };
}
