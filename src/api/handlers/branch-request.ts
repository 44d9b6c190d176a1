import { DROP } from '../../script/context.ts';
import { CONTEXT } from '../ksr/context.ts';
import { OutgoingRequest } from './outgoing-request.ts';

/** A request on its way to one destination: what is changed here, only that destination sees. */
export class BranchRequest extends OutgoingRequest {
  /** Number of the branch, from 0. */
  get index(): number {
    return this[CONTEXT].branch?.index ?? 0;
  }

  /** The request does not go to this destination. */
  drop(): void {
    this[CONTEXT].stop = DROP;
  }
}
