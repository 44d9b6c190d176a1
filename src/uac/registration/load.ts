import type { AccountRow } from './account-row.ts';
import type { AccountLoad, AccountProblem, LoadSummary } from './engine.ts';

/** What a load needs of the engine. */
export interface LoadHost {
  /** Takes one row of this load. */
  takeRow(row: AccountRow, generation: number): 'added' | 'changed' | 'unchanged' | AccountProblem;
  /** Removes what this load has not seen. @returns how many that are */
  removeUnseen(generation: number): number;
}

/** A table being read: a diff against the accounts that are there. */
export class TableLoad implements AccountLoad {
  private readonly host: LoadHost;
  private readonly generation: number;
  private readonly counts = { added: 0, changed: 0, unchanged: 0 };
  private problems = 0;
  private done = false;

  /** @param generation number of this load, greater than those before */
  constructor(host: LoadHost, generation: number) {
    this.host = host;
    this.generation = generation;
  }

  take(rows: readonly AccountRow[]): readonly AccountProblem[] {
    const problems: AccountProblem[] = [];
    if (this.done) return problems;
    for (const row of rows) {
      const outcome = this.host.takeRow(row, this.generation);
      if (typeof outcome === 'string') this.counts[outcome]++;
      else problems.push(outcome);
    }
    this.problems += problems.length;
    return problems;
  }

  commit(): LoadSummary {
    const removed = this.done ? 0 : this.host.removeUnseen(this.generation);
    this.done = true;
    return { ...this.counts, removed, problems: this.problems };
  }

  abandon(): void {
    this.done = true;
  }
}
