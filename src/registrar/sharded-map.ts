/** Maps that share the entries; a power of two. */
const SHARDS = 512;
/** Characters of a key that choose its map. */
const HASHED = 48;

/**
 * A map of very many texts that never holds up the event loop: a single one of a million entries copies all of them when it grows or shrinks, which
 * takes tens of milliseconds; of these, each copies its own few thousand.
 */
export class ShardedMap<V> {
  private readonly shards: readonly Map<string, V>[] = Array.from({ length: SHARDS }, () => new Map<string, V>());
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(key: string): V | undefined {
    return this.shard(key).get(key);
  }

  has(key: string): boolean {
    return this.shard(key).has(key);
  }

  set(key: string, value: V): void {
    const shard = this.shard(key);
    const before = shard.size;
    shard.set(key, value);
    this.count += shard.size - before;
  }

  delete(key: string): boolean {
    const gone = this.shard(key).delete(key);
    if (gone) this.count--;
    return gone;
  }

  /** In no particular order. Entries that are added or removed meanwhile may be met or not. */
  *values(): IterableIterator<V> {
    for (const shard of this.shards) yield* shard.values();
  }

  private shard(key: string): Map<string, V> {
    let hash = 0;
    const end = Math.min(key.length, HASHED);
    for (let at = 0; at < end; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
    return this.shards[(hash ^ (hash >>> 15)) & (SHARDS - 1)] as Map<string, V>;
  }
}
