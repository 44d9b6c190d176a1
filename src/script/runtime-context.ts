/** Makes the contexts that routes run in. */
import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { Branch } from '../proxy/branch.ts';
import { RequestState } from '../proxy/request-state.ts';
import type { Received } from '../transport/transport.ts';
import { ScriptContext } from './context.ts';
import type { Program } from './program.ts';
import {
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_CORE_ONREPLY,
  ROUTE_FAILURE,
  ROUTE_ONSEND,
  ROUTE_REQUEST,
  ROUTE_TM_ONREPLY,
} from './values.ts';

/** $mi: the number of the message, which it got when it came. */
function serialOf({ serial }: Received): number {
  return serial ?? 0;
}

/** For request_route. @param serial number of the message in this server's life ($mi) */
export function makeRequestContext(program: Program, state: RequestState, serial: number): ScriptContext {
  const { message, target, edits, received } = state;
  return new ScriptContext(program, ROUTE_REQUEST, message, state, target, edits, null, null, received, serial);
}

/**
 * For the core's reply_route, which runs before the transaction is looked up: the state is one of its own.
 * @param edits where header edits of the reply are recorded
 */
export function makeReplyContext(
  program: Program,
  reply: SipMessage,
  from: Received,
  edits: EditList,
  serial: number,
  state: RequestState = new RequestState(reply, from, program.hooks),
): ScriptContext {
  return new ScriptContext(program, ROUTE_CORE_ONREPLY, reply, state, state.target, edits, null, reply, from, serial);
}

/** For branch_route: target and edits are the branch's own. */
export function makeBranchContext(program: Program, state: RequestState, branch: Branch): ScriptContext {
  const { message, received } = state;
  return new ScriptContext(
    program,
    ROUTE_BRANCH,
    message,
    state,
    branch.target,
    branch.edits,
    branch,
    null,
    received,
    serialOf(received),
  );
}

/** For onreply_route: the message is the reply; branch flags are the branch's, and stay with it. */
export function makeBranchReplyContext(
  program: Program,
  state: RequestState,
  branch: Branch,
  reply: SipMessage,
  from: Received,
  edits: EditList,
): ScriptContext {
  return new ScriptContext(
    program,
    ROUTE_TM_ONREPLY,
    reply,
    state,
    branch.target,
    edits,
    branch,
    reply,
    from,
    serialOf(from),
  );
}

/** For failure_route: the message is the request, `reply` the winning one (null for a local failure). */
export function makeFailureContext(program: Program, state: RequestState, branch: Branch): ScriptContext {
  return failure(program, state, branch, ROUTE_FAILURE);
}

/** For event_route[tm:branch-failure:…]. */
export function makeBranchFailureContext(program: Program, state: RequestState, branch: Branch): ScriptContext {
  return failure(program, state, branch, ROUTE_BRANCH_FAILURE);
}

function failure(program: Program, state: RequestState, branch: Branch, type: number): ScriptContext {
  const { message, target, edits, received } = state;
  return new ScriptContext(
    program,
    type,
    message,
    state,
    target,
    edits,
    branch,
    branch.reply,
    received,
    serialOf(received),
  );
}

/** For onsend_route. */
export function makeOnsendContext(program: Program, state: RequestState, branch: Branch | null): ScriptContext {
  const { message, received } = state;
  const target = branch?.target ?? state.target;
  const edits = branch?.edits ?? new EditList();
  return new ScriptContext(
    program,
    ROUTE_ONSEND,
    message,
    state,
    target,
    edits,
    branch,
    null,
    received,
    serialOf(received),
  );
}
