import type { ClientTransactionUser } from '../transaction/transaction.ts';
import type { Branch } from './branch.ts';
import type { NextHopFailure } from './next-hop.ts';
import type { ProxyServices } from './proxy-services.ts';
import type { RequestState } from './request-state.ts';

/** What the steps in a branch's life need of the transaction that it belongs to. */
export interface BranchHost extends ClientTransactionUser {
  readonly state: RequestState;
  readonly services: ProxyServices;
  readonly branches: Branch[];
  /** Our Via branches begin with it. */
  readonly branchBase: string;
  /** True when a final reply went upstream. */
  readonly isFinished: boolean;
  /** False when another attempt is of no use: it was cancelled, declined by all (6xx) or answered. */
  readonly mayRetry: boolean;
  /** Books a status made up here for a branch and goes on as if its reply had come. */
  failBranch(branch: Branch, failure: NextHopFailure): void;
  /** Runs a step that nobody above catches. */
  safely(step: () => void): void;
  /** Reports a fault of our own, which ends this call and no other. */
  fault(error: unknown, what: string): void;
}
