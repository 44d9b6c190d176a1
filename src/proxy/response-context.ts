import type { Branch } from './branch.ts';

/** How the winning reply is chosen (tm parameters). */
export interface ResponseChoice {
  /** faked_reply_prio: added to the priority of replies made up here (408…); positive makes them lose. */
  readonly fakedReplyPrio: number;
}

/**
 * Priority of a final status when no 2xx came: the smallest wins (RFC 3261 §16.7 step 6: 6xx first, then the lowest class; within 4xx those
 * that tell the caller what to do).
 */
export function replyPriority(status: number): number {
  if (status >= 600) return 1000 + (status - 600);
  if (status < 400) return 3000 + (status - 300);
  if (status >= 500) return 5000 + (status - 500);
  switch (status) {
    case 401:
      return 4001;
    case 407:
      return 4002;
    case 415:
      return 4003;
    case 420:
      return 4004;
    case 484:
      return 4005;
    default:
      return 4100 + (status - 400);
  }
}

/**
 * The finished branch whose reply goes upstream, or null while one is still pending or none is left.
 * @param branches every branch of the transaction; discarded ones do not count
 */
export function winningBranch(branches: readonly Branch[], choice: ResponseChoice): Branch | null {
  let best: Branch | null = null;
  let bestPriority = Number.POSITIVE_INFINITY;
  for (const branch of branches) {
    if (!branch.isFinal) return null;
    if (branch.discarded) continue;
    const priority = replyPriority(branch.status) + (branch.local ? choice.fakedReplyPrio : 0);
    if (priority < bestPriority) {
      best = branch;
      bestPriority = priority;
    }
  }
  return best;
}
