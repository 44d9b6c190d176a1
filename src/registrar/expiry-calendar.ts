import type { Binding } from './binding.ts';

/**
 * Contacts by the second at which they end: a list for each second that has any, threaded through the contacts themselves. Adding, moving and
 * removing are O(1) and allocate nothing but the list's place in the map.
 */
export class ExpiryCalendar {
  private readonly heads = new Map<number, Binding>();
  /** Last second that was emptied. */
  private cursor: number;

  /** @param now seconds since 1970 */
  constructor(now: number) {
    this.cursor = now;
  }

  /** Puts a contact into the second of its end, or moves it there; one without an end is taken out. */
  place(binding: Binding): void {
    this.remove(binding);
    if (binding.expires === 0) return;
    // Nothing may join a second that was emptied.
    const slot = Math.max(binding.expires, this.cursor + 1);
    const head = this.heads.get(slot) ?? null;
    binding.slot = slot;
    binding.after = head;
    if (head !== null) head.before = binding;
    this.heads.set(slot, binding);
  }

  remove(binding: Binding): void {
    const { slot, before, after } = binding;
    if (slot < 0) return;
    if (before !== null) before.after = after;
    else if (after === null) this.heads.delete(slot);
    else this.heads.set(slot, after);
    if (after !== null) after.before = before;
    binding.slot = -1;
    binding.before = null;
    binding.after = null;
  }

  /**
   * Takes out contacts whose end is not after `now`.
   * @param take called for each; it may remove others
   * @param limit most of them in this call
   * @returns false when there are more
   */
  sweep(now: number, limit: number, take: (binding: Binding) => void): boolean {
    // A clock that was set back, or stood still for a day: every second that holds somebody is looked at, none twice.
    if (now - this.cursor > this.heads.size + 60) return this.sweepAll(now, limit, take);
    let left = limit;
    while (this.cursor < now) {
      for (let head = this.heads.get(this.cursor + 1); head !== undefined; head = this.heads.get(this.cursor + 1)) {
        if (left-- === 0) return false;
        this.remove(head);
        take(head);
      }
      this.cursor++;
    }
    return true;
  }

  private sweepAll(now: number, limit: number, take: (binding: Binding) => void): boolean {
    let left = limit;
    for (const slot of this.heads.keys()) {
      if (slot > now) continue;
      for (let head = this.heads.get(slot); head !== undefined; head = this.heads.get(slot)) {
        if (left-- === 0) return false;
        this.remove(head);
        take(head);
      }
    }
    this.cursor = now;
    return true;
  }
}
