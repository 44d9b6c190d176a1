import { parseUri } from '../message/uri.ts';
import type { Target } from '../proxy/target.ts';
import type { ScriptContext } from '../script/context.ts';
import { defineModule, type FunctionDefinition, fn, type ModuleHost } from '../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_FAILURE, ROUTE_REQUEST } from '../script/values.ts';
import { appendBranch } from './support/append-branch.ts';
import { failure } from './support/failure.ts';

interface KexModule {
  readonly host: ModuleHost;
  /** Values of $sruid given out so far. */
  serial: number;
}

/** The bit of a flag 0…31, 0 for a number out of range. */
function bit(flag: number): number {
  return Number.isInteger(flag) && flag >= 0 && flag < 32 ? (1 << flag) >>> 0 : 0;
}

/** Target a branch flag function means: 0 the main one, n the n-th of append_branch(). */
function targetAt(ctx: ScriptContext, index: number | undefined): Target | undefined {
  return index === undefined || index === 0 ? ctx.target : ctx.state.branches[index - 1];
}

function branchFlag(name: string, act: (target: Target, bit: number) => number): FunctionDefinition<KexModule> {
  return fn(name, ['int', 'int?'], ROUTE_ANY, () => (ctx, flag, branch) => {
    const target = targetAt(ctx, branch);
    const mask = bit(flag);
    return target === undefined || mask === 0 ? -1 : act(target, mask);
  });
}

function scriptFlag(name: string, act: (ctx: ScriptContext, bit: number) => number): FunctionDefinition<KexModule> {
  return fn(name, ['int'], ROUTE_ANY, () => (ctx, flag) => {
    const mask = bit(flag);
    return mask === 0 ? -1 : act(ctx, mask);
  });
}

/** is_myself(): a URI by its host and, when it has one, its port; any other text as a host name. */
function isMyself(host: ModuleHost, text: string): boolean {
  if (text === '') return false;
  if (!/^sips?:/i.test(text)) return host.sender.isMyself(text, 0);
  const uri = parseUri(text);
  return uri !== null && host.sender.isMyself(uri.host, uri.port);
}

function print(name: string): FunctionDefinition<KexModule> {
  return fn(name, ['var', 'str'], ROUTE_ANY, (m) => (ctx, variable, text) => {
    if (variable.set === null) {
      return failure(m.host.log, 'kex', `${name}: ${variable.text} is read-only`, 'KEX_READ_ONLY');
    }
    return variable.set(ctx, text) ? 1 : -1;
  });
}

/** kex: what Kamailio keeps outside its core: branch and script flags, next hop, myself. */
export const kex = defineModule<KexModule>({
  name: 'kex',
  after: [],
  parameters: [],
  functions: [
    branchFlag('setbflag', (target, mask) => {
      target.flags = (target.flags | mask) >>> 0;
      return 1;
    }),
    branchFlag('resetbflag', (target, mask) => {
      target.flags = (target.flags & ~mask) >>> 0;
      return 1;
    }),
    branchFlag('isbflagset', (target, mask) => ((target.flags & mask) !== 0 ? 1 : -1)),
    scriptFlag('setsflag', (ctx, mask) => {
      ctx.scriptFlags = (ctx.scriptFlags | mask) >>> 0;
      return 1;
    }),
    scriptFlag('resetsflag', (ctx, mask) => {
      ctx.scriptFlags = (ctx.scriptFlags & ~mask) >>> 0;
      return 1;
    }),
    scriptFlag('issflagset', (ctx, mask) => ((ctx.scriptFlags & mask) !== 0 ? 1 : -1)),
    fn('setdsturi', ['const'], ROUTE_ANY, (m) => (ctx, uri) => {
      if (parseUri(uri) === null) return failure(m.host.log, 'kex', `setdsturi: "${uri}" is no URI`, 'KEX_BAD_URI');
      ctx.target.dstUri = uri;
      return 1;
    }),
    fn('resetdsturi', [], ROUTE_ANY, () => (ctx) => {
      ctx.target.dstUri = '';
      return 1;
    }),
    fn('isdsturiset', [], ROUTE_ANY, () => (ctx) => (ctx.target.dstUri === '' ? -1 : 1)),
    fn('is_myself', ['str'], ROUTE_ANY, (m) => (_ctx, text) => (isMyself(m.host, text) ? 1 : -1)),
    fn('is_myhost', ['str'], ROUTE_ANY, (m) => (_ctx, text) => {
      return text !== '' && m.host.sender.isMyself(text, 0) ? 1 : -1;
    }),
    print('pv_printf'),
    print('avp_printf'),
    fn(
      'setdebug',
      ['int'],
      ROUTE_ANY,
      (m) => (_ctx, level) => {
        if (!Number.isInteger(level)) return -1;
        m.host.log.level = level;
        return 1;
      },
      { support: 'partly: for the whole server, not for one worker process' },
    ),
    fn('resetdebug', [], ROUTE_ANY, (m) => () => {
      m.host.log.level = m.host.settings.debug;
      return 1;
    }),
    fn('km_append_branch', ['str?'], ROUTE_REQUEST | ROUTE_FAILURE, (m) => (ctx, uri) => {
      return appendBranch(m.host, 'kex', ctx, uri ?? '', '');
    }),
  ],
  variables: [
    {
      name: 'sruid',
      writable: false,
      inner: 'none',
      support: 'yes',
      bind: (m) => (_inner, _index, text) => ({
        text,
        // Unlike random text it also tells when and where it was made, as Kamailio's does.
        get: () =>
          `srid-${Math.floor(m.host.clock.wall() / 1000).toString(16)}-${process.pid.toString(16)}-${(++m.serial).toString(16)}`,
        int: null,
        set: null,
      }),
    },
  ],
  transformations: [],
  eventRoutes: [],
  create: (host) => ({ host, serial: 0 }),
});
