import type { ServerTransactionUser } from '../transaction/transaction.ts';
import type { Cell } from './cell.ts';

/**
 * The thread between a server transaction and its cell. It is cut when the final reply is out: the transaction lives on to absorb
 * retransmissions, and must not keep the request and its branches alive with it.
 */
export class CellOwner implements ServerTransactionUser {
  cell: Cell | null;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  /** Suspended for ever, or left with a provisional reply: the caller still gets an end (RFC 3261 §17.2 leaves no other). */
  onUnanswered(): void {
    this.cell?.reply(408, 'Request Timeout');
  }

  /** The transaction ended without a final reply (released). */
  onServerTerminated(): void {
    this.cell?.onServerTerminated();
  }
}
