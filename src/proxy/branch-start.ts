import { parseUri } from '../message/uri.ts';
import type { Branch } from './branch.ts';
import type { BranchHost } from './branch-host.ts';
import { BAD_DESTINATION, FAULT, type NextHopFailure, nextHopUri, UNRESOLVABLE } from './next-hop.ts';
import type { RelayOptions } from './proxy-core.ts';
import { sendBranch } from './request-forward.ts';

/** branch_route dropped it; the answer when it dropped all of them. */
export const DROPPED: NextHopFailure = { status: 500, reason: 'No destination left (500/TM)' };

/**
 * Makes a branch ready (branch_route, RFC 3263) and sends it. An asynchronous branch_route or a name that must be looked up makes this branch
 * wait and no other.
 * @returns why it was not sent, or null when it was sent or waits
 */
export function startBranch(host: BranchHost, branch: Branch, options: RelayOptions): NextHopFailure | null {
  const { state } = host;
  branch.request = state.changes;
  branch.onReply = state.onReply;
  branch.onBranchFailure = state.onBranchFailure;
  host.branches.push(branch);
  try {
    branch.target.seed?.(branch);
    const kept = state.onBranch === '' || state.hooks.branchRoute(state.onBranch, state, branch);
    if (typeof kept === 'boolean') return kept ? launch(host, branch, options) : DROPPED;
    // As for a name that is being looked up: the others go on.
    branch.resolving = true;
    const later = (keep: boolean): void => host.safely(() => routed(host, branch, keep, options));
    kept.then(later, () => later(false));
    return null;
  } catch (error) {
    host.fault(error, `branch ${branch.index}`);
    return FAULT;
  }
}

/** A branch_route that waited has ended. */
function routed(host: BranchHost, branch: Branch, keep: boolean, options: RelayOptions): void {
  branch.resolving = false;
  if (branch.isFinal || host.isFinished) return;
  const problem = keep ? launch(host, branch, options) : DROPPED;
  if (problem === null) return;
  if (problem === DROPPED) {
    branch.discarded = true;
    branch.onBranchFailure = '';
  }
  host.failBranch(branch, problem);
}

/** @returns why it cannot be sent, or null when it was sent or waits for DNS */
function launch(host: BranchHost, branch: Branch, options: RelayOptions): NextHopFailure | null {
  const { resolver } = host.services;
  const { nextHop } = branch.target;
  const uri = nextHopUri(branch.target, options);
  if (uri === null) return parseUri(nextHop) === null ? BAD_DESTINATION : UNRESOLVABLE;
  const free = options.host === undefined && (options.proto ?? '') === '';
  if (free && branch.candidatesFor !== '' && branch.candidatesFor === nextHop) return sendBranch(host, branch);
  const known = resolver.resolveNow(uri);
  if (known !== null) {
    branch.candidates = known;
    return known.length === 0 ? UNRESOLVABLE : sendBranch(host, branch);
  }
  branch.resolving = true;
  const found = (addresses: Branch['candidates']): void => host.safely(() => resolved(host, branch, addresses));
  resolver.resolve(uri).then(found, () => found([]));
  return null;
}

function resolved(host: BranchHost, branch: Branch, addresses: Branch['candidates']): void {
  branch.resolving = false;
  // Cancelled meanwhile, by the caller or by another branch's answer.
  if (branch.isFinal || host.isFinished) return;
  branch.candidates = addresses;
  const problem = addresses.length === 0 ? UNRESOLVABLE : sendBranch(host, branch);
  if (problem !== null) host.failBranch(branch, problem);
}
