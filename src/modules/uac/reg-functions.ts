import { utf8Bytes } from '../../digest/credentials.ts';
import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_DBG, L_ERR, L_WARN } from '../../script/log.ts';
import { type FunctionDefinition, fn, type VariableAccess } from '../../script/module-definition.ts';
import { ROUTE_ANY } from '../../script/values.ts';
import type {
  AccountAttribute,
  AccountProblem,
  RegistrationEngine,
  RegistrationView,
} from '../../uac/registration/engine.ts';
import type { Registration, RegistrationHolder } from './registration.ts';

const ATTRIBUTES: ReadonlySet<string> = new Set(['l_uuid', 'l_username', 'r_username', 'auth_username']);

/** Whether accounts can be found by this attribute; letter case counts, as in the original. */
export function isAttribute(text: string): text is AccountAttribute {
  return ATTRIBUTES.has(text);
}

/** Text of a script (bytes) as a database has it. */
export function scriptText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function note(module: RegistrationHolder, level: number, name: string, code: string, text: string): void {
  module.host.log.write(level, 'uac', `${name}: ${text}`, code);
}

/** The engine; null with a line in the log when reg_db_url is not set. */
function engineOf(module: RegistrationHolder, name: string): RegistrationEngine | null {
  const engine = module.registration?.engine ?? null;
  if (engine === null) note(module, L_ERR, name, 'UAC_REG_NOT_ENABLED', 'reg_db_url is not set');
  return engine;
}

function assign(
  module: RegistrationHolder,
  ctx: ScriptContext,
  name: string,
  target: VariableAccess,
  text: string,
): number {
  if (target.set?.(ctx, utf8Bytes(text)) === true) return 1;
  note(module, L_ERR, name, 'UAC_REG_READ_ONLY', `${target.text} cannot be written`);
  return -1;
}

/** Finds by the URI's user, and its host where reg_use_domain is set; null for none, 'bad' for a text that is no URI. */
export function accountOfUri(
  module: RegistrationHolder,
  engine: RegistrationEngine,
  text: string,
): RegistrationView | null | 'bad' {
  const uri = parseUri(text);
  if (uri === null) return 'bad';
  const useDomain = module.registration?.settings.useDomain ?? false;
  return engine.findByUri(scriptText(uri.user ?? ''), useDomain ? uri.host : null);
}

/** uac_reg_status: the original's codes, tested in its order. */
function status(view: RegistrationView): number {
  if (view.online) return 1;
  if ((view.flags & 2) !== 0) return -2;
  return (view.flags & 1) !== 0 ? -3 : -99;
}

/** The account an attribute names, for the functions that act on one: -1 off or an empty argument, -2 none, -3 no such attribute. */
function named(
  module: RegistrationHolder,
  name: string,
  attribute: string,
  value: string,
): { readonly engine: RegistrationEngine; readonly uuid: string } | -1 | -2 | -3 {
  const engine = engineOf(module, name);
  if (engine === null || attribute === '' || value === '') return -1;
  if (!isAttribute(attribute)) {
    note(module, L_ERR, name, 'UAC_REG_ATTRIBUTE', `accounts are not found by ${attribute}`);
    return -3;
  }
  const view = engine.find(attribute, scriptText(value));
  if (view !== null) return { engine, uuid: view.row.uuid };
  note(module, L_DBG, name, 'UAC_REG_UNKNOWN', `no account with ${attribute} ${value}`);
  return -2;
}

async function refresh(module: RegistrationHolder, uuid: string): Promise<number> {
  if (engineOf(module, 'uac_reg_refresh') === null || module.registration === null || uuid === '') return -1;
  const done = await refreshAccount(module, module.registration, scriptText(uuid));
  return done === 'unknown' || done === 'failed' ? -1 : 1;
}

/**
 * Reads one account again and registers it anew.
 * @returns 'unknown' when the table has none of this name, 'failed' when it cannot be read; what is wrong with a row that cannot be an account, which
 * changes nothing
 */
export async function refreshAccount(
  { host }: RegistrationHolder,
  { database, engine }: Registration,
  uuid: string,
): Promise<'done' | 'unknown' | 'failed' | AccountProblem> {
  const row = await database.read(uuid);
  if (row === 'failed') return 'failed';
  if (row === null) return 'unknown';
  const done = engine.refresh(row);
  if (typeof done === 'string') return 'done';
  host.log.write(L_WARN, 'uac', `account ${done.uuid}: ${done.text}`, done.code);
  return done;
}

/** Functions on accounts: return codes are the original's. */
export const registrationFunctions: readonly FunctionDefinition<RegistrationHolder>[] = [
  fn('uac_reg_lookup', ['str', 'var'], ROUTE_ANY, (m: RegistrationHolder) => (ctx, uuid, target) => {
    const view = engineOf(m, 'uac_reg_lookup')?.find('l_uuid', scriptText(uuid)) ?? null;
    if (view === null) return -1;
    return assign(m, ctx, 'uac_reg_lookup', target, `sip:${view.row.localUser}@${view.row.localDomain}`);
  }),
  fn('uac_reg_lookup_uri', ['str', 'var'], ROUTE_ANY, (m: RegistrationHolder) => (ctx, uri, target) => {
    const engine = engineOf(m, 'uac_reg_lookup_uri');
    if (engine === null) return -1;
    const view = accountOfUri(m, engine, uri);
    if (view === 'bad') {
      note(m, L_ERR, 'uac_reg_lookup_uri', 'UAC_REG_BAD_URI', `"${uri}" is no URI`);
      return -2;
    }
    return view === null ? -1 : assign(m, ctx, 'uac_reg_lookup_uri', target, view.row.uuid);
  }),
  fn('uac_reg_status', ['str'], ROUTE_ANY, (m: RegistrationHolder) => (_ctx, uuid) => {
    const view = engineOf(m, 'uac_reg_status')?.find('l_uuid', scriptText(uuid)) ?? null;
    return view === null ? -1 : status(view);
  }),
  fn('uac_reg_refresh', ['str'], ROUTE_ANY, (m: RegistrationHolder) => (_ctx, uuid) => refresh(m, uuid), {
    async: true,
  }),
  ...(['enable', 'disable'] as const).map((action) => {
    const name = `uac_reg_${action}`;
    return fn(name, ['str', 'str'], ROUTE_ANY, (m: RegistrationHolder) => (_ctx, attribute, value) => {
      const found = named(m, name, attribute, value);
      if (typeof found === 'number') return found;
      return found.engine[action](found.uuid) ? 1 : -2;
    });
  }),
  ...(['register', 'unregister'] as const).map((action) => {
    const name = `uac_reg_send_${action}`;
    return fn(name, ['str', 'str'], ROUTE_ANY, (m: RegistrationHolder) => (_ctx, attribute, value) => {
      const found = named(m, name, attribute, value);
      if (typeof found === 'number') return -1;
      return found.engine[action](found.uuid) ? 1 : -1;
    });
  }),
];
