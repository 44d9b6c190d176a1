import { STREAM_NO_CONNECT } from '../transport/transport.ts';
import type { Branch } from './branch.ts';
import type { BranchHost } from './branch-host.ts';
import { sendBranch } from './request-forward.ts';

/** RFC 3261 §18.1.1: a server that knows no TCP gets the large request by UDP after all. @returns true when it was sent */
export function retryByDatagram(host: BranchHost, branch: Branch): boolean {
  if (!branch.movedForSize || !host.mayRetry) return false;
  branch.client?.abandon();
  return sendBranch(host, branch, true) === null;
}

/** RFC 3263 §4.3: the next address of the list after a timeout, 503 or transport failure. @returns true when it was tried */
export function retryElsewhere(host: BranchHost, branch: Branch): boolean {
  const { resolver, options } = host.services;
  const failed = branch.candidates[branch.candidate];
  // Where no connection may be opened, that there is none says nothing about the address.
  const unopened = ((branch.destination?.stream ?? 0) & STREAM_NO_CONNECT) !== 0;
  if (failed !== undefined && !unopened) resolver.denied(failed);
  if (!options.dnsFailover || host.state.disableFailover === true || !host.mayRetry) return false;
  while (branch.candidate + 1 < branch.candidates.length) {
    branch.candidate++;
    branch.client?.abandon();
    if (sendBranch(host, branch) === null) return true;
  }
  return false;
}
