import type { Binding, BindingRow } from '../../registrar/binding.ts';
import { Bindings } from '../../registrar/bindings.ts';
import { overStream } from '../../registrar/lookup.ts';
import { L_ERR, L_INFO, L_NOTICE, L_WARN } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { findSocket } from '../../script/variables/destination.ts';
import { openDatabase } from '../../storage/database.ts';
import { StorageError } from '../../storage/errors.ts';
import { openLocationStore } from '../../storage/location.ts';
import type { LocationStore } from '../../storage/location-store.ts';
import { initLocationTables } from '../../storage/location-tables.ts';
import { LocationWriter } from '../../storage/location-writer.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { UsrlocSettings } from './settings.ts';

/** Contacts taken out in one turn of the event loop. */
const SWEEP_SLICE = 500;
/** Milliseconds that a reply waits for its contacts to be written. */
const WRITE_BOUND = 2000;
/** Milliseconds between tries to read a table whose database is down. */
const LOAD_RETRY = 5000;

/** One table: its contacts in memory and, unless db_mode is 0, in a database. */
export class LocationTable {
  readonly bindings: Bindings;
  store: LocationStore | null = null;
  writer: LocationWriter | null = null;
  /** Settles once its contacts were read, or could not be. */
  loaded: Promise<void> = Promise.resolve();

  constructor(bindings: Bindings) {
    this.bindings = bindings;
  }

  get name(): string {
    return this.bindings.name;
  }
}

/**
 * Every table of contacts of a server. It outlives configurations: {@link Location.configure} gives it the settings of the one that begins.
 */
export class Location {
  private host: ModuleHost;
  private settings: UsrlocSettings | null = null;
  private readonly tables = new Map<string, LocationTable>();
  private readonly sweepTimer = new CallbackTimer(() => this.sweep());
  private readonly loadTimer = new CallbackTimer(() => this.loadAgain());
  private readonly unread = new Set<LocationTable>();
  private readonly forget: () => void;
  private draining = false;
  private counter = 0;
  private readonly prefix: string;
  /** Told of each contact that ended. */
  onExpired: ((table: LocationTable, binding: Binding) => void) | null = null;

  constructor(host: ModuleHost) {
    this.host = host;
    this.forget = host.connectionEnds((connection) => this.disconnect(connection));
    const { serverId } = host.settings;
    // A process number says nothing in a container: every one of them may have the same.
    const life = `${Math.floor(host.clock.wall() / 1000).toString(16)}-${host.random.uint32().toString(16)}`;
    this.prefix = serverId > 0 ? `uloc-${serverId.toString(16)}-${life}` : `uloc-${life}`;
  }

  /** Seconds since 1970. */
  get now(): number {
    return Math.floor(this.host.clock.wall() / 1000);
  }

  /** A name for a contact, unique over servers and lives. */
  ruid(prefix = this.prefix): string {
    return `${prefix}-${(++this.counter).toString(16)}`;
  }

  all(): IterableIterator<LocationTable> {
    return this.tables.values();
  }

  /** Tables that are there. */
  get size(): number {
    return this.tables.size;
  }

  /** A table that is there. */
  find(name: string): LocationTable | null {
    return this.tables.get(name) ?? null;
  }

  /** A table, made when it is not there yet; its contacts may still be on their way: {@link LocationTable.loaded}. */
  table(name: string): LocationTable {
    let table = this.tables.get(name);
    if (table === undefined) {
      table = new LocationTable(new Bindings({ name, newestFirst: this.settings?.newestFirst ?? false }, this.now));
      this.tables.set(name, table);
      this.attach(table);
    }
    return table;
  }

  /** Takes over the settings of a configuration that begins. */
  configure(host: ModuleHost, settings: UsrlocSettings): void {
    const before = this.settings;
    this.host = host;
    this.settings = settings;
    const moved = before !== null && databaseKey(before) !== databaseKey(settings);
    for (const table of this.tables.values()) {
      table.bindings.options.newestFirst = settings.newestFirst;
      if (!moved) continue;
      this.attach(table, this.detach(table));
    }
    for (const name of ['location', ...settings.preload]) this.table(name);
    host.wheel.start(this.sweepTimer, settings.timerInterval);
  }

  /** Waits until the tables that are known were read. */
  async ready(): Promise<void> {
    await Promise.all([...this.tables.values()].map(({ loaded }) => loaded));
  }

  /** db_mode 3: takes an address of record from the database, which others write too. Undefined when there is nothing to wait for. */
  refresh(table: LocationTable, aor: string): Promise<void> | undefined {
    if (this.settings?.databaseMode !== 3 || table.store === null) return undefined;
    return this.reread(table, table.store, aor);
  }

  /** db_mode 1 and 3, and 2 at the end: waits until contacts are written, within a bound. Undefined when there is nothing to wait for. */
  settle(table: LocationTable, ruids: readonly string[]): Promise<boolean> | undefined {
    const mode = this.settings?.databaseMode ?? 0;
    const later = mode !== 1 && mode !== 3 && !this.draining;
    if (table.writer === null || ruids.length === 0 || later) return undefined;
    return table.writer.settled(ruids, WRITE_BOUND);
  }

  /**
   * The server is about to stop: writes what is not written, and from now on nothing waits for a timer_interval that does not come. Connections that
   * end now are ended by us; their contacts do not end with them, as they do not in Kamailio.
   */
  async drain(): Promise<void> {
    this.draining = true;
    await this.flush();
  }

  /** Writes what is not written. @returns false when a database does not take it */
  async flush(): Promise<boolean> {
    const done = await Promise.all([...this.tables.values()].map(({ writer }) => writer?.flush() ?? true));
    return done.every((one) => one);
  }

  /** Takes a contact out as one whose time is over. */
  end(table: LocationTable, binding: Binding): void {
    table.bindings.end(binding);
    this.onExpired?.(table, binding);
  }

  /** A connection has ended: what came by it cannot be reached by it any more; with handle_lost_tcp it ends, too. */
  disconnect(connection: number): void {
    if (this.draining) return;
    for (const table of this.tables.values()) {
      for (const binding of table.bindings.disconnect(connection)) {
        if (this.settings?.handleLostTcp !== true) continue;
        this.end(table, binding);
      }
    }
  }

  /** Nobody holds it any more. */
  close(): void {
    this.host.wheel.stop(this.sweepTimer);
    this.host.wheel.stop(this.loadTimer);
    this.onExpired = null;
    this.forget();
    for (const table of this.tables.values()) void this.detach(table);
  }

  /** @param before names of contacts that are gone, once the database before has been told what it takes */
  private attach(table: LocationTable, before?: Promise<readonly string[]>): void {
    const { host, settings } = this;
    if (settings === null || settings.databaseMode === 0) return;
    const { columns, useDomain, checkVersion, natBflag, databaseUrl, databaseMode } = settings;
    const database = openDatabase(databaseUrl);
    const layout = {
      columns,
      useDomain,
      checkVersion,
      natFlags: natBflag < 0 ? 0 : 1 << natBflag,
      attributes: settings.xavpContact !== '',
      ownId: settings.ownOnly ? host.settings.serverId : null,
      plainTimes: settings.plainTimes,
    };
    const store = openLocationStore(database, layout, table.name);
    table.store = store;
    if (databaseMode !== 4) {
      const writer = new LocationWriter(store, {
        wheel: host.wheel,
        interval: databaseMode === 2 ? settings.timerInterval : 0,
        failed: (error, waiting) =>
          this.host.log.write(L_ERR, 'usrloc', `${error.message}; ${waiting} changes wait`, error.code),
        recovered: () => this.host.log.write(L_NOTICE, 'usrloc', `${store.name} works again`, 'USRLOC_DATABASE_BACK'),
      });
      table.writer = writer;
      table.bindings.listener = writer;
      // Contacts that were there before this database was.
      for (const binding of table.bindings.every()) writer.saved(binding);
    }
    table.loaded = (async () => {
      // It may be the same table: its rows are read without those that are gone.
      for (const ruid of (await before) ?? []) table.writer?.removed({ ruid });
      // A SQLite file gets its tables, so that a new one works at once; databases of other kinds are somebody's care already.
      if (database.kind === 'sqlite' && databaseMode !== 4) await initLocationTables(database, table.name);
      if (databaseMode !== 3 && settings.load) await this.load(table, store);
    })().catch((error: unknown) => this.loadFailed(table, error));
  }

  /** @returns names of removed contacts that the database still has, because it is down */
  private async detach(table: LocationTable): Promise<readonly string[]> {
    const { writer, store } = table;
    table.bindings.listener = null;
    table.writer = null;
    table.store = null;
    this.unread.delete(table);
    if (store === null) return [];
    await writer?.flush();
    const left = writer?.unremoved ?? [];
    writer?.close();
    await store.close();
    return left;
  }

  private async load(table: LocationTable, store: LocationStore): Promise<void> {
    const { now } = this;
    let read = 0;
    const ended: string[] = [];
    await store.readAll((rows) => {
      for (const row of rows) {
        if (row.ruid === '') continue;
        if (this.unwanted(row)) {
          if (this.settings?.cleanTcp === true && overStream(row)) ended.push(row.ruid);
        } else if (row.expires !== 0 && row.expires <= now) ended.push(row.ruid);
        else if (!(table.writer?.isDirty(row.ruid) ?? false) && table.bindings.restore(row, now)) read++;
      }
    });
    if (ended.length > 0 && table.writer !== null) await store.delete(ended);
    this.unread.delete(table);
    this.host.log.write(L_INFO, 'usrloc', `${store.name}: ${read} contacts`, '');
  }

  /** Rows that are not read at the start (db_clean_tcp, skip_remote_socket). */
  private unwanted(row: BindingRow): boolean {
    const { settings, host } = this;
    if (settings?.cleanTcp === true && overStream(row)) return true;
    if (settings?.skipRemote !== true || row.socket === '') return false;
    return findSocket(host.sender.sockets, row.socket, 'udp') === null;
  }

  private loadFailed(table: LocationTable, error: unknown): void {
    if (!(error instanceof StorageError)) throw error;
    if (error.code === 'STORAGE_CLOSED') return;
    const { log, wheel } = this.host;
    const known = this.unread.has(table);
    log.write(known ? L_WARN : L_ERR, 'usrloc', `contacts cannot be read yet: ${error.message}`, error.code);
    this.unread.add(table);
    if (!this.loadTimer.armed) wheel.start(this.loadTimer, LOAD_RETRY);
  }

  private loadAgain(): void {
    for (const table of [...this.unread]) {
      const { store } = table;
      if (store === null) continue;
      table.loaded = this.load(table, store).catch((error: unknown) => this.loadFailed(table, error));
    }
  }

  private async reread(table: LocationTable, store: LocationStore, aor: string): Promise<void> {
    try {
      const rows = await store.read(aor);
      const { bindings, writer } = table;
      const there = new Set(rows.map(({ ruid }) => ruid));
      for (let one = bindings.first(aor); one !== null; ) {
        const { next } = one;
        if (!there.has(one.ruid) && writer?.isDirty(one.ruid) !== true) bindings.remove(one, false);
        one = next;
      }
      for (const row of rows) {
        if (writer?.isDirty(row.ruid) === true) continue;
        bindings.refresh(row, this.now);
      }
    } catch (error) {
      // What memory has is better than nothing; the writer tells of the database.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** Deletes rows whose time is over: of servers that do not live any more, and those that memory does not have (db_mode 3, db_timer_clean). */
  private cleanDatabase({ store, writer }: LocationTable, before: number): void {
    if (store === null || writer === null || writer.down) return;
    // A database that fails is told of by the writer; the next turn tries again.
    void store.deleteExpired(before).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
    });
  }

  private sweep(): void {
    const { host, settings, now } = this;
    if (settings === null) return;
    let more = false;
    const shared = settings.databaseMode === 3;
    for (const table of this.tables.values()) {
      const done = table.bindings.sweep(now, SWEEP_SLICE, (binding) => this.onExpired?.(table, binding), !shared);
      if (!done) more = true;
      else if (shared || settings.cleanDatabase) this.cleanDatabase(table, now - (shared ? settings.removeDelay : 0));
    }
    host.wheel.start(this.sweepTimer, more ? 0 : settings.timerInterval);
  }
}

/** Everything that decides what is read and written where. */
function databaseKey({
  databaseMode,
  databaseUrl,
  useDomain,
  columns,
  xavpContact,
  plainTimes,
  ownOnly,
}: UsrlocSettings): string {
  return JSON.stringify([databaseMode, databaseUrl, useDomain, columns, xavpContact !== '', plainTimes, ownOnly]);
}
