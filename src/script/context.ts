import type { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { Branch } from '../proxy/branch.ts';
import type { RequestState } from '../proxy/request-state.ts';
import type { Target } from '../proxy/target.ts';
import type { Received } from '../transport/transport.ts';
import type { Program } from './program.ts';
import type { RouteMask, Value } from './values.ts';

/** A script goes on. */
export const RUN = 0;
/** `exit`, or a function that returned 0: the script has ended. */
export const EXIT = 1;
/** `drop`: ended, and what was being processed is dropped. */
export const DROP = 2;

/**
 * One run of a route: everything a compiled route, a module function and a variable may look at. There is no current message anywhere else,
 * so an `await` can never mix two calls.
 */
export class ScriptContext {
  readonly program: Program;
  /** Type of the outermost block, one ROUTE_ bit. */
  routeType: RouteMask;
  /** What is being processed: the request, or in reply routes the reply. */
  message: SipMessage;
  /** The request's state; in a core reply route without a transaction a detached one. */
  readonly state: RequestState;
  /** Destination that $ru, $du… mean: the branch's in branch_route, else the request's. */
  target: Target;
  /** Where header edits are recorded: of the request, of the branch, or of the reply. */
  edits: EditList;
  /** The branch of a branch, onreply or failure route; null in a request route. */
  branch: Branch | null;
  /** failure_route: the winning reply, null for a local failure. Reply routes: the reply itself. */
  reply: SipMessage | null;
  /** Where {@link message} came from. */
  from: Received;
  /** $rc: code of the last module function or route. */
  rc = 0;
  /** RUN, EXIT or DROP. */
  stop = RUN;
  /** Script flags ($sf). */
  scriptFlags = 0;
  /** Depth of route calls, bounded by max_recursive_level. */
  depth = 0;
  /** Arguments of the route that runs ($param), null for none. */
  params: readonly Value[] | null = null;
  /** Arguments of the route call that is about to happen. */
  passed: readonly Value[] | null = null;
  /** Number of the message in this server's life ($mi). */
  readonly serial: number;
  /** Per-run values cached by variables ($Ts…) and modules, by their own symbol; null until one is set. */
  private cache: Map<symbol, unknown> | null = null;

  constructor(
    program: Program,
    routeType: RouteMask,
    message: SipMessage,
    state: RequestState,
    target: Target,
    edits: EditList,
    branch: Branch | null,
    reply: SipMessage | null,
    from: Received,
    serial: number,
  ) {
    this.program = program;
    this.routeType = routeType;
    this.message = message;
    this.state = state;
    this.target = target;
    this.edits = edits;
    this.branch = branch;
    this.reply = reply;
    this.from = from;
    this.serial = serial;
  }

  /** A value cached for this run. */
  cached<T>(key: symbol): T | undefined {
    return this.cache?.get(key) as T | undefined;
  }

  setCached(key: symbol, value: unknown): void {
    if (this.cache === null) this.cache = new Map();
    this.cache.set(key, value);
  }
}
