import { type DialogListener, DialogTable } from '../dialog/dialog-table.ts';
import { L_NOTICE } from '../script/log.ts';
import { defineModule, type ModuleHost } from '../script/module-definition.ts';
import { openDialogStore } from '../storage/dialogs.ts';
import { DialogDatabase } from './dialog/database.ts';
import { runOwnEvent } from './dialog/events.ts';
import { DIALOG_FUNCTIONS } from './dialog/functions.ts';
import { DialogModule } from './dialog/instance.ts';
import { expireDialog, startKeepalives } from './dialog/requests.ts';
import { DIALOG_RPC } from './dialog/rpc.ts';
import {
  DIALOG_PARAMETERS,
  type DialogSettings,
  END_ROUTE,
  FAILED_ROUTE,
  readDialogSettings,
  START_ROUTE,
} from './dialog/settings.ts';
import { tableNames } from './dialog/table-names.ts';
import { beginDialog, followRequest } from './dialog/tracker.ts';
import { DIALOG_VARIABLES } from './dialog/variables.ts';

function tableSettings({ early, noAck, end, slots, idStart, idStep }: DialogSettings): DialogTable['settings'] {
  return { timeouts: { early, noAck, end }, slots, idStart, idStep };
}

/** Milliseconds that a start waits for the calls of the database. */
const LOAD_WAIT = 2000;

/** The database of the calls, which goes on over a reload that changes nothing of it. */
function openStore(module: DialogModule): DialogDatabase | null {
  const { host, settings, table } = module;
  const { databaseUrl: url, databaseMode: mode } = settings;
  if (mode === 0) return null;
  const { columns, databasePeriod: period, databaseSkipLoad: skipLoad, databaseRows, lifetime } = settings;
  const { keep, wheel, log, sender } = host;
  const key = `dialog database ${JSON.stringify([url, mode, period, columns])}`;
  const kept = keep.take(
    key,
    () => {
      const store = openDialogStore(url, tableNames(columns), databaseRows || undefined);
      return new DialogDatabase({
        store,
        table,
        mode,
        period,
        skipLoad,
        lifetime,
        sockets: sender.sockets,
        wheel,
        log,
      });
    },
    (one) => void one.close(),
  );
  module.releases.push(kept.release);
  return kept.value;
}

/** Calls outlive a configuration: a new program goes on with the table of the one before. */
function create(host: ModuleHost, settings: DialogSettings): DialogModule {
  const { wheel, random, keep, proxy } = host;
  const kept = keep.take(
    'dialog',
    () => new DialogTable({ wheel, random, settings: tableSettings(settings) }),
    (table) => table.clear(),
  );
  const module = new DialogModule(host, settings, kept.value);
  module.releases.push(
    kept.release,
    proxy.onOwnRoute((state) => {
      // After a reload there is one listener for each program; a request belongs to the program that it began with.
      if (state.hooks === host.program().hooks && (state.message.to?.tag ?? '') !== '')
        followRequest(module, state, null);
    }),
    proxy.onTransaction((state) => {
      if (settings.flag < 0 || state.hooks !== host.program().hooks) return;
      if ((state.flags & (1 << settings.flag)) !== 0) beginDialog(module, state, null);
    }),
  );
  return module;
}

function statistics({ host, settings, table }: DialogModule): void {
  if (!settings.statistics) return;
  const { counters } = table;
  for (const name of ['active', 'early', 'expired', 'failed', 'processed'] as const)
    host.statistics.gauge('dialog', `${name}_dialogs`, () => counters[name]);
}

function start(module: DialogModule): void {
  const { host, settings, table } = module;
  const before = { listener: table.listener, settings: table.settings };
  table.settings = tableSettings(settings);
  for (const name of settings.profilesWithValue) table.profiles.define(name, true);
  for (const name of settings.profilesNoValue) table.profiles.define(name, false);
  const store = openStore(module);
  module.database = store;
  const listener: DialogListener = {
    expiring: (dialog) => {
      if (dialog.timeoutRoute !== '') runOwnEvent(module, 'route', dialog.timeoutRoute, dialog);
    },
    timedOut: (dialog, change) => {
      if (change === 'expired') expireDialog(module, dialog);
      else host.log.write(L_NOTICE, 'dialog', `${dialog.callId}: no final reply came`, 'DIALOG_LOST');
    },
    changed: (dialog) => store?.changed(dialog),
    removed: (dialog) => {
      store?.changed(dialog);
      for (const watcher of module.watchers) watcher.removed(dialog);
    },
  };
  table.listener = listener;
  // A program that does not start after all leaves the calls to the one before.
  module.releases.push(() => {
    if (table.listener === listener) Object.assign(table, before);
  });
  // Those that a configuration without this database began.
  for (const dialog of table.all()) store?.changed(dialog);
  const end = startKeepalives(module);
  if (end !== null) module.releases.push(end);
}

/** Waits for something, but not longer than so many milliseconds. */
async function within(ms: number, something: Promise<void> | undefined): Promise<void> {
  if (something === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([something, end]);
  clearTimeout(timer);
}

/** dialog: calls from their INVITE to their end. */
export const dialog = defineModule<DialogModule>({
  name: 'dialog',
  after: ['pv', 'tm', 'rr'],
  parameters: DIALOG_PARAMETERS,
  functions: DIALOG_FUNCTIONS,
  variables: DIALOG_VARIABLES,
  transformations: [],
  eventRoutes: [START_ROUTE, END_ROUTE, FAILED_ROUTE],
  create: (host, parameters) => {
    const module = create(host, readDialogSettings(host, parameters));
    statistics(module);
    return module;
  },
  start,
  open: async (module) => {
    await within(LOAD_WAIT, module.database?.load());
  },
  drain: async (module, graceMs) => {
    await within(graceMs, module.database?.flush());
  },
  rpc: DIALOG_RPC,
  stop: (module) => {
    for (const release of module.releases.reverse()) release();
  },
});
