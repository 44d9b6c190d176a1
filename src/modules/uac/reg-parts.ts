import { L_DBG, L_ERR, L_INFO, L_WARN } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import type { AccountStore } from '../../storage/account-store.ts';
import { openDatabase } from '../../storage/database.ts';
import { ensureTables } from '../../storage/tables.ts';
import { openAccountStore } from '../../storage/uacreg.ts';
import { gatedLogger } from '../../transport/log-gate.ts';
import type { TransportLogger } from '../../transport/options.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import { createRegistrationEngine } from '../../uac/registration/create-engine.ts';
import type { RegistrationSettings } from './reg-settings.ts';
import type { Engine, RegistrationParts } from './registration.ts';

const LEVELS = { debug: L_DBG, info: L_INFO, warn: L_WARN, error: L_ERR } as const;

/** The engine and the store that the parameters ask for; neither is made before it is asked for. */
export function registrationParts(
  host: ModuleHost,
  settings: RegistrationSettings,
  defaultSocket: ListenSocket | null,
): RegistrationParts {
  const { databaseUrl, table } = settings;
  return {
    engine: () => makeEngine(host, settings, defaultSocket),
    store: () => (databaseUrl === '' ? null : openStore(databaseUrl, table)),
  };
}

function makeEngine(host: ModuleHost, settings: RegistrationSettings, defaultSocket: ListenSocket | null): Engine {
  const { sender, transactions, resolver, wheel, clock, random } = host;
  const { retryInterval, unregister, outbound, instance } = settings;
  return createRegistrationEngine({
    sender,
    transactions,
    resolver,
    wheel,
    clock,
    random,
    log: logger(host),
    shaper: () => host.proxy.localRequest,
    settings: {
      contactAddr: settings.contactAddr,
      timerInterval: settings.timerInterval,
      ...(retryInterval === null ? {} : { retryInterval }),
      randomDelay: settings.randomDelay,
      keepCallid: settings.keepCallId,
      callidSeed: settings.callIdSeed,
      active: settings.active,
      // The functions say by the domain they give whether it counts: reg_use_domain may change with a reload.
      useDomain: true,
      defaultSocket: defaultSocket === null ? '' : socketText(defaultSocket),
      rate: settings.rate,
      unregisterOnDisable: unregister.disable,
      unregisterOnRemove: unregister.remove,
      algorithms: settings.algorithms,
      userAgent: userAgent(host),
      instance,
      regId: outbound,
      path: settings.path,
      keepaliveInterval: settings.keepalive,
      keepaliveOptions: settings.keepaliveOptions,
      learnContact: settings.learnContact,
    },
  });
}

function socketText({ proto, address, port }: ListenSocket): string {
  return `${proto}:${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Value of the User-Agent header, where server_signature wants one (user_agent_header). */
function userAgent({ settings }: ModuleHost): string {
  if (!settings.serverSignature) return '';
  return /^User-Agent[ \t]*:[ \t]*(.*)$/i.exec(settings.userAgentHeader)?.[1] ?? '';
}

/** What the engine says of each account and the reporter (reg-events.ts) of thousands in a few lines. */
const REPORTED: ReadonlySet<string> = new Set(['UAC_REG_FAILED', 'UAC_REG_REJECTED', 'UAC_REG_FAULTY']);

/** Lines of one code are bounded: 20 000 bindings that run out together must not become as many. */
function logger({ log, clock }: ModuleHost): TransportLogger {
  const gated = gatedLogger((level, code, text) => log.write(LEVELS[level], 'uac', text, code), clock);
  return (level, code, text) => {
    if (!REPORTED.has(code)) gated(level, code, text);
  };
}

/** The table of accounts. A SQLite file gets its tables before it is read for the first time; later, a table that is gone is a failure. */
function openStore(url: string, table: string): AccountStore {
  const database = openDatabase(url);
  const store = openAccountStore(database, table);
  let ready = false;
  return {
    name: store.name,
    readAll: async (take) => {
      if (!ready) await ensureTables(database, table);
      ready = true;
      await store.readAll(take);
    },
    read: (uuid) => store.read(uuid),
    insert: (row) => store.insert(row),
    delete: (uuid) => store.delete(uuid),
    close: () => store.close(),
  };
}
