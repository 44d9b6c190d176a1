import { Target } from '../../proxy/target.ts';
import type { ScriptContext } from '../../script/context.ts';
import { INLINE, inlineHandlers, type World } from '../world.ts';
import type { BranchHandler, FailureHandler, ReplyHandler } from './handler-types.ts';
import { checkedUri } from './outgoing-request.ts';

/** How a request is relayed. */
export interface RelayOptions {
  /** URI of the next hop; several: the request is forked to all of them. The Request-URI stays. Absent: by nextHop or the Request-URI. */
  readonly to?: string | readonly string[];
  /** Runs when every destination failed: a function, or a name of `export const failure`. */
  readonly onFailure?: FailureHandler | string;
  /** Runs for each reply: a function, or a name of `export const onreply`. */
  readonly onReply?: ReplyHandler | string;
  /** Runs for each destination before the request leaves: a function, or a name of `export const branch`. */
  readonly onBranch?: BranchHandler | string;
  /** False: later requests of the dialog do not come by here. Default true for requests that begin a dialog. */
  readonly recordRoute?: boolean;
}

/** Methods that begin a dialog (RFC 3261 §12.1, RFC 6665 §4.1, RFC 3515 §2.4.4). */
const BEGIN_DIALOG: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/**
 * Relays statefully (t_relay), after arming what the options name.
 * @returns true when it is under way; false when it could not be: the sender has its answer then
 */
export function relay(world: World, ctx: ScriptContext, options: RelayOptions): boolean {
  const { state } = ctx;
  // Answered already, by the handler or because it took too long.
  if (state.transaction === null && state.repliedStateless) return false;
  arm(world, ctx, options);
  const [first, ...more] = typeof options.to === 'string' ? [options.to] : (options.to ?? []);
  if (first !== undefined) ctx.target.dstUri = checkedUri(first);
  for (const next of more) {
    const target = new Target(ctx.target.uri);
    target.dstUri = checkedUri(next);
    state.branches.push(target);
  }
  const begins = BEGIN_DIALOG.has(ctx.message.method) && (ctx.message.to?.tag ?? '') === '';
  const ksr = world.ksr(ctx);
  if ((options.recordRoute ?? begins) && state.recordRoute === null && begins) ksr.rr.record_route();
  const code = ksr.tm.t_relay();
  if (code >= 0) return true;
  // The transaction answers for itself; without one nobody has yet.
  if (state.transaction === null && !state.repliedStateless && ctx.message.method !== 'ACK') ksr.sl.sl_reply_error();
  return false;
}

function arm(world: World, ctx: ScriptContext, { onFailure, onReply, onBranch }: RelayOptions): void {
  const { state } = ctx;
  if (onFailure !== undefined) {
    if (typeof onFailure === 'function') inlineHandlers(ctx).failure = onFailure;
    else world.tools.checkRoute(ctx, 'failure', onFailure);
    state.onFailure = typeof onFailure === 'function' ? INLINE : onFailure;
  }
  if (onReply !== undefined) {
    if (typeof onReply === 'function') inlineHandlers(ctx).reply = onReply;
    else world.tools.checkRoute(ctx, 'onreply', onReply);
    state.onReply = typeof onReply === 'function' ? INLINE : onReply;
  }
  if (onBranch !== undefined) {
    if (typeof onBranch === 'function') inlineHandlers(ctx).branch = onBranch;
    else world.tools.checkRoute(ctx, 'branch', onBranch);
    state.onBranch = typeof onBranch === 'function' ? INLINE : onBranch;
  }
}
