import type { ServerTransactionHandle } from '../transaction/transaction.ts';
import type { Branch } from './branch.ts';
import type { RequestState } from './request-state.ts';

/** A request being handled statefully: its server transaction and the branches it went out by (Kamailio's transaction cell). */
export interface ProxyTransaction {
  readonly state: RequestState;
  readonly server: ServerTransactionHandle;
  readonly branches: readonly Branch[];
  /** Common part of our Via branches. */
  readonly branchBase: string;
  /** Status of the last reply we sent upstream, 0 for none. */
  readonly lastStatus: number;
  /** True after a CANCEL came for it. */
  readonly isCanceled: boolean;
  /** Two numbers that name it ($T(id_index), $T(id_label)). */
  readonly index: number;
  readonly label: number;
}
