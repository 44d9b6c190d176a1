/** Deletions that are let pass, besides as many as there are entries, before the entries move. */
const SLACK = 64;

/**
 * A map whose entries come and go by the thousand each second.
 *
 * A Map of V8 lays a new table whenever its deleted places have filled it, and its old table points to the new one. A dead table that has got
 * into the old generation thereby keeps its successor alive, that one the next, and all of them whatever stood in them: a busy
 * map makes the young collector carry every dead entry into the old generation, where they stay until the next full collection. So the entries
 * move to a new Map here before that can go on for long.
 */
export class ChurningMap<K, V> {
  private map = new Map<K, V>();
  private deleted = 0;

  get size(): number {
    return this.map.size;
  }

  get(key: K): V | undefined {
    return this.map.get(key);
  }

  has(key: K): boolean {
    return this.map.has(key);
  }

  set(key: K, value: V): void {
    if (this.deleted > this.map.size + SLACK) this.move();
    this.map.set(key, value);
  }

  delete(key: K): boolean {
    if (!this.map.delete(key)) return false;
    this.deleted++;
    return true;
  }

  private move(): void {
    const before = this.map;
    this.map = new Map();
    this.deleted = 0;
    for (const [key, value] of before) {
      this.map.set(key, value);
      // What an old table still points to would outlive its use.
      before.delete(key);
    }
  }
}
