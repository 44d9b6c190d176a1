import type { Registration } from './registration.ts';

/** An account's place in a queue; it exists only as long as the account waits. */
export class QueuePlace {
  readonly record: Registration;
  readonly queue: RecordQueue;
  next: QueuePlace | null = null;
  prev: QueuePlace | null;

  constructor(record: Registration, queue: RecordQueue, prev: QueuePlace | null) {
    this.record = record;
    this.queue = queue;
    this.prev = prev;
  }
}

/** Accounts that wait, first come first served. An account stands in one queue at most. */
export class RecordQueue {
  size = 0;
  private first: QueuePlace | null = null;
  private last: QueuePlace | null = null;

  push(record: Registration): void {
    record.queue?.remove(record);
    const place = new QueuePlace(record, this, this.last);
    if (this.last === null) this.first = place;
    else this.last.next = place;
    this.last = place;
    record.place = place;
    this.size++;
  }

  /** Takes the first one out; null when none waits. */
  shift(): Registration | null {
    if (this.first === null) return null;
    const { record } = this.first;
    this.remove(record);
    return record;
  }

  /** Takes the last one out; null when none waits. */
  pop(): Registration | null {
    if (this.last === null) return null;
    const { record } = this.last;
    this.remove(record);
    return record;
  }

  /** Takes one out of this queue, where it must stand. */
  remove(record: Registration): void {
    const { place } = record;
    if (place === null) return;
    const { prev, next } = place;
    if (prev === null) this.first = next;
    else prev.next = next;
    if (next === null) this.last = prev;
    else next.prev = prev;
    record.place = null;
    this.size--;
  }
}
