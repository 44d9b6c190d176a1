import { type RpcArguments, RpcFault } from '../../rpc/method.ts';
import { RpcArray, RpcSeveral, RpcStruct, type RpcValue, struct } from '../../rpc/value.ts';
import { L_ERR, L_WARN } from '../../script/log.ts';
import { type RpcDefinition, rpc } from '../../script/module-definition.ts';
import type { AccountRow } from '../../uac/registration/account-row.ts';
import type { RegistrationEngine, RegistrationStateName, RegistrationView } from '../../uac/registration/engine.ts';
import { REGISTRATION_RESULTS, REGISTRATION_STATES } from './reg-counters.ts';
import { isAttribute, refreshAccount } from './reg-functions.ts';
import { accountLine, accountRecord } from './reg-record.ts';
import type { Registration, RegistrationHolder } from './registration.ts';

/** Rows of `uac.reg_list` when the caller does not say how many, and at most. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Registrars that `uac.reg_status` names. */
const MAX_REGISTRARS = 50;

const NOT_ENABLED = 'Not enabled';
const INVALID = 'Invalid Parameters';

/** What the rest of a command runs on. @throws RpcFault 500 when registration is off */
function enabled(module: RegistrationHolder): Registration {
  if (module.registration === null) throw new RpcFault(500, NOT_ENABLED);
  return module.registration;
}

/** The account that the first two parameters name. @throws RpcFault 400, 404 */
function chosen({ engine }: Registration, args: RpcArguments): RegistrationView {
  const attribute = args.text(0);
  // A number is taken: uuids are often telephone numbers, and kamcmd makes numbers of them.
  const value = args.textOrInt(1);
  if (attribute === null || value === null) throw new RpcFault(400, INVALID);
  if (attribute === '' || value === '') throw new RpcFault(400, 'Invalid Parameter Values');
  if (!isAttribute(attribute)) throw new RpcFault(400, 'Unsupported filter attribute');
  const view = engine.find(attribute, value);
  if (view === null) throw new RpcFault(404, 'Record not found');
  return view;
}

/** The account name that is the only parameter; a number is none, as in the original. */
function uuidOf(args: RpcArguments): string {
  const uuid = args.text(0);
  if (uuid === null) throw new RpcFault(400, INVALID);
  return uuid;
}

function* records(registration: Registration): Generator<RpcValue> {
  const { now } = registration;
  for (const view of registration.engine.list()) yield accountRecord(view, now, registration.settings);
}

function act(name: 'enable' | 'disable' | 'register' | 'unregister', doc: string): RpcDefinition<RegistrationHolder> {
  return rpc(
    `uac.reg_${name}`,
    [doc, 'Parameters: attribute (l_uuid, l_username, r_username, auth_username), value.'],
    (module, args) => {
      const registration = enabled(module);
      if (!registration.engine[name](chosen(registration, args).row.uuid)) throw new RpcFault(404, 'Record not found');
      return undefined;
    },
  );
}

async function reload(module: RegistrationHolder): Promise<undefined> {
  const done = await enabled(module).reload();
  if (done === 'early') throw new RpcFault(500, 'Failed to shift records - check log messages');
  if (!done) throw new RpcFault(500, 'Failed to reload records - check log messages');
}

async function refresh(module: RegistrationHolder, args: RpcArguments): Promise<undefined> {
  const done = await refreshAccount(module, enabled(module), uuidOf(args));
  if (done === 'unknown') throw new RpcFault(404, 'Record not found');
  if (done === 'failed') throw new RpcFault(500, 'Failed to refresh record - check log messages');
  // The original reports a success that changed nothing.
  if (done !== 'done') throw new RpcFault(500, `Failed to refresh record - ${done.text}`);
}

/** Texts before and after the three numbers of `uac.reg_add`. */
const TEXTS_BEFORE = 10;
const NUMBERS = 3;
const TEXTS_AFTER = 2;

/** The account of `uac.reg_add`. @throws RpcFault 400 for a missing parameter or one of another type */
function rowOf(args: RpcArguments): AccountRow {
  const text = (index: number): string => {
    const value = args.text(index);
    if (value === null) throw new RpcFault(400, INVALID);
    return value;
  };
  const number = (index: number): number => {
    const value = args.int(index);
    if (value === null) throw new RpcFault(400, INVALID);
    return value;
  };
  // A lone dot is an empty text where the original has it so; kamcmd's users cannot write an empty one.
  const optional = (index: number): string => {
    const value = text(index);
    return value === '.' ? '' : value;
  };
  const contactUser = TEXTS_BEFORE + NUMBERS + TEXTS_AFTER;
  return {
    uuid: text(0),
    localUser: text(1),
    localDomain: text(2),
    remoteUser: text(3),
    remoteDomain: text(4),
    realm: optional(5),
    authUser: text(6),
    authPassword: optional(7),
    authHa1: optional(8),
    proxy: text(9),
    expires: number(10),
    flags: number(11),
    delay: number(12),
    socket: optional(13),
    contactAddr: optional(14),
    contactUser: args.count > contactUser ? optional(contactUser) : '',
  };
}

function add(module: RegistrationHolder, args: RpcArguments): undefined {
  const done = enabled(module).engine.add(rowOf(args));
  if (done === 'added') return;
  if (done === 'exists') throw new RpcFault(409, 'uuid already exists');
  module.host.log.write(L_WARN, 'uac', `account ${done.uuid} not added: ${done.text}`, done.code);
  const secret = done.code === 'UAC_REG_NO_SECRET' || done.code === 'UAC_REG_BAD_HA1';
  const why = secret ? 'invalid password or ha1' : 'check log messages';
  throw new RpcFault(500, `Failed to add record - ${why}`);
}

function remove(module: RegistrationHolder, args: RpcArguments): undefined {
  const { engine } = enabled(module);
  const uuid = uuidOf(args);
  if (engine.remove(uuid)) return;
  module.host.log.write(L_ERR, 'uac', `uac.reg_remove: no account ${uuid}`, 'UAC_REG_UNKNOWN');
  throw new RpcFault(404, 'Record not found');
}

function active(module: RegistrationHolder, args: RpcArguments): RpcStruct {
  const { engine } = enabled(module);
  const mode = args.int(0);
  if (mode === null) throw new RpcFault(500, 'Missing parameter');
  const before = engine.active ? 1 : 0;
  engine.active = mode !== 0;
  return struct({ omode: before, nmode: mode });
}

function status(module: RegistrationHolder): RpcStruct {
  const { engine, database } = enabled(module);
  const { health } = database;
  const { summary } = health;
  return struct({
    active: engine.active ? 1 : 0,
    total: engine.size,
    online: engine.online,
    leaving: engine.leaving,
    sent: engine.sent,
    repairs: engine.repairs,
    states: new RpcStruct(REGISTRATION_STATES.map((state) => [state, engine.count(state)])),
    results: new RpcStruct(REGISTRATION_RESULTS.map((result) => [result.replaceAll('-', '_'), engine.results(result)])),
    database: struct({
      name: database.name === '' ? null : database.name,
      state: health.state,
      since: health.since,
      code: health.code === '' ? null : health.code,
      text: health.text === '' ? null : health.text,
      failures: health.failures,
      next_try: health.nextTry,
      last_load: health.lastLoad,
      added: summary?.added ?? 0,
      changed: summary?.changed ?? 0,
      unchanged: summary?.unchanged ?? 0,
      removed: summary?.removed ?? 0,
      problems: summary?.problems ?? 0,
    }),
    registrars: new RpcArray(engine.registrars().slice(0, MAX_REGISTRARS).map(struct)),
  });
}

const STATE_NAMES: ReadonlySet<string> = new Set(REGISTRATION_STATES);

/** Which accounts `uac.reg_list` shows. @throws RpcFault 400 */
function filterOf(word: string): (view: RegistrationView) => boolean {
  if (word === 'all') return () => true;
  if (word === 'online') return (view) => view.online;
  if (word === 'failing') return ({ failures, state }) => failures > 0 || state === 'faulty';
  if (STATE_NAMES.has(word)) return ({ state }) => state === (word as RegistrationStateName);
  throw new RpcFault(400, `Unknown state; one of all, online, failing, ${REGISTRATION_STATES.join(', ')}`);
}

/** Accounts that the filter takes: how many there are, where that is known without looking at each. */
function countOf(engine: RegistrationEngine, word: string): number | null {
  if (word === 'all') return engine.size;
  if (word === 'online') return engine.online;
  return STATE_NAMES.has(word) ? engine.count(word as RegistrationStateName) : null;
}

function list(module: RegistrationHolder, args: RpcArguments): RpcStruct {
  const registration = enabled(module);
  const { engine } = registration;
  const word = args.count > 0 ? args.text(0) : 'all';
  const offset = args.count > 1 ? args.int(1) : 0;
  const wanted = args.count > 2 ? args.int(2) : DEFAULT_LIMIT;
  if (word === null || offset === null || wanted === null || offset < 0 || wanted < 0) throw new RpcFault(400, INVALID);
  const limit = Math.min(wanted, MAX_LIMIT);
  const filter = filterOf(word);
  const known = countOf(engine, word);
  const { now } = registration;
  const accounts: RpcValue[] = [];
  let matched = 0;
  for (const view of engine.list()) {
    if (!filter(view)) continue;
    matched++;
    if (matched > offset && accounts.length < limit) accounts.push(accountLine(view, now));
    if (known !== null && accounts.length >= limit) break;
  }
  return struct({ total: known ?? matched, offset, limit, accounts: new RpcArray(accounts) });
}

const OURS = { support: 'yes: ours' };

/** Commands on accounts: names, parameters, fields and faults are the original's, apart from those marked as ours. */
export const registrationCommands: readonly RpcDefinition<RegistrationHolder>[] = [
  rpc('uac.reg_dump', ['All accounts with their registration.'], (module) => new RpcSeveral(records(enabled(module))), {
    array: true,
  }),
  rpc(
    'uac.reg_info',
    [
      'One account with its registration.',
      'Parameters: attribute (l_uuid, l_username, r_username, auth_username), value.',
    ],
    (module, args) => {
      const registration = enabled(module);
      return accountRecord(chosen(registration, args), registration.now, registration.settings);
    },
  ),
  act('enable', 'Lets an account register again.'),
  act('disable', 'Keeps an account from registering.'),
  act('register', 'Sends a REGISTER for an account now.'),
  act('unregister', 'Removes the binding of an account now, until it is enabled or registered again.'),
  rpc('uac.reg_reload', ['Reads the accounts from the database again; what has not changed is not touched.'], reload),
  rpc(
    'uac.reg_refresh',
    ['Reads one account from the database again and registers it anew.', 'Parameter: l_uuid.'],
    refresh,
  ),
  rpc('uac.reg_remove', ['Removes an account from memory.', 'Parameter: l_uuid.'], remove),
  rpc(
    'uac.reg_add',
    [
      'Adds an account to memory.',
      'Parameters: l_uuid, l_username, l_domain, r_username, r_domain, realm, auth_username, auth_password, auth_ha1, auth_proxy,',
      'expires, flags, reg_delay (numbers), socket, contact_addr, and contact_user if wanted.',
      'A dot stands for an empty realm, auth_password, auth_ha1, socket, contact_addr or contact_user.',
    ],
    add,
  ),
  rpc('uac.reg_active', ['Lets registrations run (1) or pauses them (0).', 'Parameter: 0 or 1.'], active),
  rpc('uac.reg_status', ['Accounts by state, results of attempts, and how the database is doing.'], status, OURS),
  rpc(
    'uac.reg_list',
    ['Accounts in short, page by page.', 'Parameters, all optional: state (or all, online, failing), offset, limit.'],
    list,
    OURS,
  ),
];
