import type { Branch } from './branch.ts';
import type { BranchHost } from './branch-host.ts';
import { markVia } from './request-forward.ts';

/** A route to be run; a promise when it waits for something. */
type Route = () => void | Promise<void>;

/** Runs the failure and branch-failure routes of one transaction, one at a time. */
export class FailureTurns {
  /** A route runs. */
  busy = false;
  /** What runs is a branch-failure route: a branch that it adds stands beside the others of the leg. */
  beside = false;
  private waiting: (() => void)[] | null = null;

  /**
   * Runs a route, at once or after those before it. It works on a copy of the request's destination and changes, as the original's does:
   * the route after it, and the one for the next leg, begin with what the request_route left. Only the branch flags are those of the branch that
   * failed: what its branch_route and onreply_route set.
   * @param next what follows its end
   */
  run(host: BranchHost, branch: Branch, route: Route, next: () => void, beside = false): void {
    if (this.busy) {
      this.waiting ??= [];
      this.waiting.push(() => this.run(host, branch, route, next, beside));
      return;
    }
    const { state } = host;
    this.busy = true;
    this.beside = beside;
    // Every reply and every later branch needs this edit, so it is no change of the route's copy.
    markVia(state, host.services.options);
    const { changes, target, replyHeaders, replyBody, replyContentType } = state;
    state.changes = changes.clone();
    state.target = target.clone();
    state.target.isNew = false;
    state.target.flags = branch.target.flags;
    const end = (): void => {
      state.changes = changes;
      state.target = target;
      state.branches = [];
      state.replyHeaders = replyHeaders;
      state.replyBody = replyBody;
      state.replyContentType = replyContentType;
      this.busy = false;
      this.beside = false;
      host.safely(next);
      this.waiting?.shift()?.();
    };
    const done = host.isFinished ? undefined : attempt(host, route);
    if (done === undefined) end();
    else done.then(end, end);
  }
}

function attempt(host: BranchHost, route: Route): void | Promise<void> {
  try {
    return route();
  } catch (error) {
    host.fault(error, 'failure route');
  }
}
