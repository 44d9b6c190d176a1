import type { Registration } from './registration.ts';

/** Small maps instead of one: growing a map copies it, and a map of a million entries would hold up the event loop for that. */
const SHARDS = 256;

/** One or more accounts of one name, the newest last. */
type Named = Registration | Set<Registration>;

/** Accounts by uuid, by l_username, and in the order in which they were added. */
export class AccountIndex {
  private readonly byUuid = Array.from({ length: SHARDS }, () => new Map<string, Registration>());
  private readonly byUser = Array.from({ length: SHARDS }, () => new Map<string, Named>());
  private head: Registration | null = null;
  private tail: Registration | null = null;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(uuid: string): Registration | undefined {
    return this.byUuid[shardOf(uuid)]!.get(uuid);
  }

  /** Puts an account in; its uuid must not be there yet. */
  add(record: Registration): void {
    const { uuid } = record.account;
    this.byUuid[shardOf(uuid)]!.set(uuid, record);
    this.addName(record);
    record.before = this.tail;
    record.after = null;
    if (this.tail === null) this.head = record;
    else this.tail.after = record;
    this.tail = record;
    record.listed = true;
    this.count++;
  }

  /** Takes an account out. It keeps its `after`: a walk that stands on it finds the way on. */
  remove(record: Registration): void {
    if (!record.listed) return;
    const { uuid } = record.account;
    this.byUuid[shardOf(uuid)]!.delete(uuid);
    this.removeName(record);
    const { before, after } = record;
    if (before === null) this.head = after;
    else before.after = after;
    if (after === null) this.tail = before;
    else after.before = before;
    record.listed = false;
    this.count--;
  }

  /** Gives a listed account other contents (the same uuid). @param change puts the new account in */
  replace(record: Registration, change: () => void): void {
    this.removeName(record);
    change();
    this.addName(record);
  }

  /** Those with this l_username, the newest last. */
  named(user: string): Iterable<Registration> {
    const found = this.byUser[shardOf(user)]!.get(user);
    return found === undefined ? [] : found instanceof Set ? found : [found];
  }

  /** Every account in order; what is removed or added on the way does no harm. */
  *walk(): Generator<Registration> {
    for (let record = this.head; record !== null; record = record.after) if (record.listed) yield record;
  }

  /** The first account, to be walked by hand with {@link nextOf}. */
  get first(): Registration | null {
    return this.head;
  }

  private addName(record: Registration): void {
    const { localUser } = record.account;
    const shard = this.byUser[shardOf(localUser)]!;
    const found = shard.get(localUser);
    if (found === undefined) shard.set(localUser, record);
    else if (found instanceof Set) found.add(record);
    else shard.set(localUser, new Set([found, record]));
  }

  private removeName(record: Registration): void {
    const { localUser } = record.account;
    const shard = this.byUser[shardOf(localUser)]!;
    const found = shard.get(localUser);
    if (found === record) shard.delete(localUser);
    else if (found instanceof Set) {
      found.delete(record);
      if (found.size === 0) shard.delete(localUser);
    }
  }
}

/** Names differ most at their ends. */
function shardOf(text: string): number {
  let hash = text.length;
  for (let i = Math.max(0, text.length - 8); i < text.length; i++)
    hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 8)) & (SHARDS - 1);
}
