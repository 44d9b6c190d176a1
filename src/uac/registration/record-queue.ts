import type { Registration } from './registration.ts';

/** Accounts that wait, first come first served. An account stands in one queue at most; it is its own list node. */
export class RecordQueue {
  size = 0;
  private first: Registration | null = null;
  private last: Registration | null = null;

  push(record: Registration): void {
    record.queue?.remove(record);
    record.queue = this;
    record.queuePrev = this.last;
    record.queueNext = null;
    if (this.last === null) this.first = record;
    else this.last.queueNext = record;
    this.last = record;
    this.size++;
  }

  /** Takes the first one out; null when none waits. */
  shift(): Registration | null {
    const { first } = this;
    if (first !== null) this.remove(first);
    return first;
  }

  /** Takes one out of this queue, where it must stand. */
  remove(record: Registration): void {
    const { queuePrev, queueNext } = record;
    if (queuePrev === null) this.first = queueNext;
    else queuePrev.queueNext = queueNext;
    if (queueNext === null) this.last = queuePrev;
    else queueNext.queuePrev = queuePrev;
    record.queue = null;
    record.queuePrev = null;
    record.queueNext = null;
    this.size--;
  }
}
