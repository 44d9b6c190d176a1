import { detach } from '../message/detach.ts';
import { Binding, type BindingFields, type BindingRow } from './binding.ts';
import { ExpiryCalendar } from './expiry-calendar.ts';
import { Intern } from './intern.ts';
import { ShardedMap } from './sharded-map.ts';

/** Number of a connection that is none. */
const NO_CONNECTION = -1;

/** Told of every change of a table, after it happened. */
export interface BindingsListener {
  saved(binding: Binding): void;
  removed(binding: Binding): void;
}

/** How contacts of one address of record stand to each other. */
export interface BindingsOptions {
  /** Name of the table: first argument of save() and lookup(). */
  readonly name: string;
  /** Newest first, whatever their q (usrloc desc_time_order); else by q, then oldest first. */
  newestFirst: boolean;
}

/**
 * The contacts of one table in memory: by address of record, by their own name, and by their end. Pure: time comes in as a number, databases
 * listen.
 */
export class Bindings {
  readonly options: BindingsOptions;
  private readonly records = new ShardedMap<Binding>();
  private readonly byRuid = new ShardedMap<Binding>();
  /** Those that came by a connection; most have none. */
  private readonly byConnection = new Map<number, Set<Binding>>();
  private readonly calendar: ExpiryCalendar;
  private readonly shared = new Intern();
  /** Null as long as nobody wants to know. */
  listener: BindingsListener | null = null;
  /** Contacts that ended since the start. */
  expired = 0;

  /** @param now seconds since 1970 */
  constructor(options: BindingsOptions, now: number) {
    this.options = options;
    this.calendar = new ExpiryCalendar(now);
  }

  get name(): string {
    return this.options.name;
  }
  /** Addresses of record with a contact, those included that have ended and are not swept yet. */
  get users(): number {
    return this.records.size;
  }
  /** Contacts, those included that have ended and are not swept yet. */
  get contacts(): number {
    return this.byRuid.size;
  }

  /** The first contact of an address of record; the others by {@link Binding.next}. */
  first(aor: string): Binding | null {
    return this.records.get(aor) ?? null;
  }

  /** Contacts of an address of record, in order; those included that have ended and are not swept yet. */
  of(aor: string): Binding[] {
    const found: Binding[] = [];
    for (let binding = this.first(aor); binding !== null; binding = binding.next) found.push(binding);
    return found;
  }

  /** Contacts of an address of record that count, in order. @param now seconds since 1970 */
  list(aor: string, now: number): Binding[] {
    return this.of(aor).filter((binding) => binding.valid(now));
  }

  byName(ruid: string): Binding | null {
    return this.byRuid.get(ruid) ?? null;
  }

  /** Adds a contact. @returns it; null when there is one of this name */
  insert(aor: string, ruid: string, fields: Readonly<BindingFields>): Binding | null {
    const binding = this.put(aor, ruid, fields);
    if (binding !== null) this.listener?.saved(binding);
    return binding;
  }

  /** Adds a contact under a name that nobody has yet. @param ruid makes names */
  add(aor: string, ruid: () => string, fields: Readonly<BindingFields>): Binding {
    let binding = this.insert(aor, ruid(), fields);
    // Another server, or another life, may have written such a name into the database.
    while (binding === null) binding = this.insert(aor, ruid(), fields);
    return binding;
  }

  /**
   * Adds a contact that a database had.
   * @param now seconds since 1970: the time in which it may give a sign of life begins now, nobody has asked it yet
   * @returns false when there is one of this name
   */
  restore(row: BindingRow, now: number): boolean {
    const binding = this.put(row.aor, row.ruid, row);
    if (binding !== null) binding.seen = now;
    return binding !== null;
  }

  /**
   * Puts what a database has, which others write too, in the place of the contact of this name, if there is one; the database is told of nothing.
   * @param now as for {@link Bindings.restore}
   */
  refresh(row: BindingRow, now: number): void {
    const old = this.byName(row.ruid);
    if (old !== null) this.remove(old, false);
    const binding = this.put(row.aor, row.ruid, row);
    if (binding === null) return;
    binding.seen = Math.max(old?.seen ?? now, row.modified);
    if (old === null) return;
    binding.roundTrip = old.roundTrip;
    // No database knows connections: ours is still its way, unless another server took a REGISTER since.
    if (row.callId === old.callId && row.cseq === old.cseq) this.move(binding, old.connection);
  }

  /** Gives a contact new values. */
  update(binding: Binding, fields: Readonly<BindingFields>): void {
    const moved = this.options.newestFirst || fields.q !== binding.q;
    this.write(binding, fields);
    if (moved && binding.next === null && this.records.get(binding.aor) === binding) {
      // Alone: there is no order.
    } else if (moved) {
      this.unchain(binding);
      this.chain(binding);
    }
    this.calendar.place(binding);
    this.listener?.saved(binding);
  }

  /** @param told false when the database knows it already */
  remove(binding: Binding, told = true): void {
    if (!binding.live) return;
    binding.live = false;
    this.unchain(binding);
    this.calendar.remove(binding);
    this.byRuid.delete(binding.ruid);
    this.unplug(binding);
    if (told) this.listener?.removed(binding);
  }

  /**
   * Takes out contacts that ended.
   * @param now seconds since 1970
   * @param limit most of them in this call
   * @param ended called for each, once it is out
   * @param told false when the database removes them by itself
   * @returns false when there are more
   */
  sweep(now: number, limit: number, ended: (binding: Binding) => void, told = true): boolean {
    return this.calendar.sweep(now, limit, (binding) => {
      this.end(binding, told);
      ended(binding);
    });
  }

  /** A connection has ended: contacts that came by it are reached by none. @returns those contacts */
  disconnect(connection: number): readonly Binding[] {
    const lost = [...(this.byConnection.get(connection) ?? [])];
    for (const binding of lost) this.move(binding, NO_CONNECTION);
    return lost;
  }

  /** Takes out a contact as one whose time is over. @param told as for {@link Bindings.remove} */
  end(binding: Binding, told = true): void {
    this.remove(binding, told);
    this.expired++;
  }

  /** First contacts of every address of record, in no particular order. */
  all(): IterableIterator<Binding> {
    return this.records.values();
  }

  /** Every contact, those included that have ended and are not swept yet. */
  every(): IterableIterator<Binding> {
    return this.byRuid.values();
  }

  private put(aor: string, ruid: string, fields: Readonly<BindingFields>): Binding | null {
    if (this.byRuid.has(ruid)) return null;
    const binding = new Binding(this.records.get(aor)?.aor ?? detach(aor), ruid);
    this.write(binding, fields);
    this.byRuid.set(ruid, binding);
    this.chain(binding);
    this.calendar.place(binding);
    return binding;
  }

  private write(binding: Binding, fields: Readonly<BindingFields>): void {
    const { shared } = this;
    // Most REGISTERs repeat the one before: what is the same stays the same string.
    if (binding.uri !== fields.uri) binding.uri = detach(fields.uri);
    if (binding.callId !== fields.callId) binding.callId = detach(fields.callId);
    if (binding.received !== fields.received) binding.received = detach(fields.received);
    if (binding.instance !== fields.instance) binding.instance = detach(fields.instance);
    binding.userAgent = shared.keep(fields.userAgent);
    binding.path = shared.keep(fields.path);
    binding.socket = shared.keep(fields.socket);
    binding.expires = fields.expires;
    binding.q = fields.q;
    binding.cseq = fields.cseq;
    binding.flags = fields.flags;
    binding.cflags = fields.cflags;
    binding.methods = fields.methods;
    binding.regId = fields.regId;
    binding.serverId = fields.serverId;
    if (binding.connection !== fields.connection) this.move(binding, fields.connection);
    binding.attributes = fields.attributes ?? null;
    binding.modified = fields.modified;
    if (binding.seen < fields.modified) binding.seen = fields.modified;
  }

  /** Notes by which connection a contact is reached. */
  private move(binding: Binding, connection: number): void {
    this.unplug(binding);
    binding.connection = connection;
    if (connection <= 0) return;
    const there = this.byConnection.get(connection);
    if (there === undefined) this.byConnection.set(connection, new Set([binding]));
    else there.add(binding);
  }

  private unplug(binding: Binding): void {
    const { byConnection } = this;
    const there = byConnection.get(binding.connection);
    if (there?.delete(binding) === true && there.size === 0) byConnection.delete(binding.connection);
  }

  private chain(binding: Binding): void {
    const first = this.records.get(binding.aor) ?? null;
    if (first === null || this.options.newestFirst || first.q < binding.q) {
      binding.next = first;
      this.records.set(binding.aor, binding);
      return;
    }
    let last = first;
    while (last.next !== null && last.next.q >= binding.q) last = last.next;
    binding.next = last.next;
    last.next = binding;
  }

  private unchain(binding: Binding): void {
    const first = this.records.get(binding.aor);
    if (first === binding) {
      if (binding.next === null) this.records.delete(binding.aor);
      else this.records.set(binding.aor, binding.next);
    } else
      for (let one = first ?? null; one !== null; one = one.next)
        if (one.next === binding) {
          one.next = binding.next;
          break;
        }
    binding.next = null;
  }
}
