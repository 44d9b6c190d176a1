import { messageContacts } from '../../message/contact.ts';
import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import { type FunctionDefinition, fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_FAILURE, ROUTE_REQUEST, type Value } from '../../script/values.ts';
import { failure } from '../support/failure.ts';
import { type PermissionsModule, setTag } from './instance.ts';
import { allowed } from './rules.ts';

type PermissionsFunction = FunctionDefinition<PermissionsModule>;
type Pairs = readonly (readonly [left: string, right: string])[];

function bad(m: PermissionsModule, text: string): number {
  return failure(m.host.log, 'permissions', text, 'PERMISSIONS_BAD_ARGUMENT');
}

/** @param port NaN for a text that is none */
function allowAddress(m: PermissionsModule, ctx: ScriptContext, group: number, host: Value, port: number): number {
  if (!(group > 0)) return Number.isNaN(group) ? bad(m, 'the group is no number') : -1;
  if (Number.isNaN(port)) return bad(m, 'the port is no number');
  if (host === null || host === '') return bad(m, 'there is no address to look for');
  const match = m.addresses.find(group, `${host}`, port);
  if (match === null) return -1;
  setTag(m, ctx, match.tag);
  return 1;
}

/** @returns the group, -1 for none */
function addressGroup(m: PermissionsModule, ctx: ScriptContext, host: Value, port: number): number {
  if (Number.isNaN(port)) return bad(m, 'the port is no number');
  if (host === null || host === '') return -1;
  const match = m.addresses.find(0, `${host}`, port);
  if (match === null) return -1;
  // As in the original, a name tells its group only.
  if (match.kind !== 'domain') setTag(m, ctx, match.tag);
  return match.group;
}

function allowTrusted(m: PermissionsModule, ctx: ScriptContext, source: string, proto: string, from: string): number {
  const matches = m.trusted.find(source, proto, from, ctx.target.uri);
  for (const { tag } of m.allTags ? matches : matches.slice(0, 1)) setTag(m, ctx, tag);
  if (matches.length === 0) return -1;
  return m.allTags ? matches.length : 1;
}

function fromUri({ state }: ScriptContext): string {
  return state.message.from?.uri ?? '';
}

/** What rules see of a destination: user and host, and the port where it is asked for. Text that is no SIP URI is seen as it is. */
function plain(uri: string, withPort: boolean): string {
  const parsed = parseUri(uri);
  if (parsed === null || (parsed.scheme !== 'sip' && parsed.scheme !== 'sips')) return uri;
  const { user, host, port } = parsed;
  return `sip:${user === undefined ? '' : `${user}@`}${host}${withPort && port > 0 ? `:${port}` : ''}`;
}

function routingPairs(m: PermissionsModule, ctx: ScriptContext): Pairs {
  const from = fromUri(ctx);
  const targets = m.checkAllBranches ? [ctx.target, ...ctx.state.branches] : [ctx.target];
  return targets.map(({ uri }) => [from, plain(uri, false)]);
}

function registerPairs({ state }: ScriptContext, withPort: boolean): Pairs | null {
  const { message } = state;
  const to = message.to?.uri ?? '';
  return messageContacts(message)?.contacts.map(({ addr }) => [to, plain(addr.uri, withPort)] as const) ?? null;
}

function check(m: PermissionsModule, base: string, other: string | undefined, pairs: Pairs): number {
  const allow = other === undefined ? base + m.allowSuffix : base;
  const deny = other ?? base + m.denySuffix;
  return allowed(m.files.get(m.ruleFile(allow)), m.files.get(m.ruleFile(deny)), pairs) ? 1 : -1;
}

const ROUTES = ROUTE_REQUEST | ROUTE_FAILURE;

function register(name: string, withPort: boolean): PermissionsFunction {
  return fn(name, ['const', 'const?'], ROUTES, (m) => (ctx, base, deny) => {
    const pairs = registerPairs(ctx, withPort);
    return pairs === null ? bad(m, 'a Contact cannot be read') : check(m, base, deny, pairs);
  });
}

export const PERMISSIONS_FUNCTIONS: readonly PermissionsFunction[] = [
  fn('allow_address', ['int', 'value', 'int'], ROUTE_ANY, (m) => (ctx, group, host, port) => {
    return allowAddress(m, ctx, group, host, port);
  }),
  fn('allow_address_group', ['value', 'int'], ROUTE_ANY, (m) => (ctx, host, port) => addressGroup(m, ctx, host, port)),
  fn('allow_source_address', ['int?'], ROUTE_ANY, (m) => (ctx, group) => {
    return allowAddress(m, ctx, group ?? 1, ctx.from.ip, ctx.from.port);
  }),
  fn('allow_source_address_group', [], ROUTE_ANY, (m) => (ctx) => addressGroup(m, ctx, ctx.from.ip, ctx.from.port)),
  fn('allow_trusted', [], ROUTE_ANY, (m) => (ctx) => {
    return allowTrusted(m, ctx, ctx.from.ip, ctx.from.socket.proto, fromUri(ctx));
  }),
  fn('allow_trusted', ['str', 'str', 'str?'], ROUTE_ANY, (m) => (ctx, source, proto, from) => {
    return allowTrusted(m, ctx, source, proto, from ?? fromUri(ctx));
  }),
  fn('allow_routing', [], ROUTE_ANY, (m) => (ctx) => {
    return check(m, m.defaultAllow, m.defaultDeny, routingPairs(m, ctx));
  }),
  fn('allow_routing', ['const', 'const?'], ROUTE_ANY, (m) => (ctx, base, deny) => {
    return check(m, base, deny, routingPairs(m, ctx));
  }),
  register('allow_register', false),
  register('allow_register_include_port', true),
  fn(
    'allow_uri',
    ['const', 'str'],
    ROUTES,
    (m) => (ctx, base, uri) => check(m, base, undefined, [[fromUri(ctx), uri]]),
  ),
];
