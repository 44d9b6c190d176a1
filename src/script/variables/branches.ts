import { Target } from '../../proxy/target.ts';
import type { ScriptContext } from '../context.ts';
import type { IndexSpec, ModuleHost } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { access, type CoreVariable, hasControl, hostedKeyed, indexValue, simple } from './define.ts';
import { findSocket, socketText } from './destination.ts';

/** One part of a branch. */
interface Part {
  get(target: Target, ctx: ScriptContext): Value;
  /** Null for a part that cannot be written. */
  readonly set: ((target: Target, value: Value, host: ModuleHost) => boolean) | null;
}

/** A text part: null clears. */
function text(field: 'dstUri' | 'path' | 'ruid' | 'locationUa' | 'instance', writable: boolean): Part {
  return {
    get: (target) => target[field] || null,
    set: writable
      ? (target, value) => {
          if (typeof value === 'number' || (value !== null && hasControl(value))) return false;
          target[field] = value ?? '';
          return true;
        }
      : null,
  };
}

const PARTS: Readonly<Record<string, Part>> = {
  uri: {
    get: (target) => target.uri || null,
    set: (target, value) => {
      if (typeof value !== 'string' || value === '' || hasControl(value)) return false;
      target.uri = value;
      return true;
    },
  },
  dst_uri: text('dstUri', true),
  path: text('path', true),
  q: {
    get: (target) => (target.q < 0 ? null : target.q),
    set: (target, value) => {
      if (typeof value === 'string' || (value !== null && (value < 0 || value > 1000))) return false;
      target.q = value ?? -1;
      return true;
    },
  },
  send_socket: {
    get: (target) => (target.socket === null ? null : socketText(target.socket)),
    set: (target, value, host) => {
      if (typeof value === 'number') return false;
      const socket = value === null || value === '' ? null : findSocket(host.settings.sockets, value, 'udp');
      if (socket === null && value) return false;
      target.socket = socket;
      return true;
    },
  },
  flags: {
    get: (target) => target.flags >>> 0,
    set: (target, value) => {
      if (typeof value === 'string') return false;
      target.flags = (value ?? 0) >>> 0;
      return true;
    },
  },
  count: { get: (_target, ctx) => ctx.state.branches.length, set: null },
  ruid: text('ruid', false),
  location_ua: text('locationUa', false),
  instance: text('instance', false),
  // Connections are chosen by the transport layer; a branch names none.
  otcpid: { get: () => 0, set: null },
};

function readBranch(index: IndexSpec, ctx: ScriptContext): Target | undefined {
  return ctx.state.branches.at(indexValue(index, ctx));
}

const branch: CoreVariable = {
  name: 'branch',
  writable: true,
  inner: 'required',
  bind: (host) => (inner, index, textAsWritten) => {
    const key = inner?.constant ?? '';
    const part = Object.hasOwn(PARTS, key) ? PARTS[key] : undefined;
    if (part === undefined) return `$branch() has no '${key}'; it knows ${Object.keys(PARTS).join(', ')}`;
    const { set } = part;
    return access(
      textAsWritten,
      (ctx) => {
        const target = readBranch(index, ctx);
        return target === undefined ? null : part.get(target, ctx);
      },
      null,
      set === null
        ? null
        : (ctx, value) => {
            const target = readBranch(index, ctx);
            if (target === undefined) return false;
            if (key === 'uri' && value === null) {
              ctx.state.branches.splice(ctx.state.branches.indexOf(target), 1);
              return true;
            }
            return set(target, value, host);
          },
    );
  },
  support: 'yes',
};

const STATIC = Symbol('static branch');

/** The branch under construction of $sbranch; one for each script run. */
export function staticBranch(ctx: ScriptContext): Target {
  let target = ctx.cached<Target>(STATIC);
  if (target === undefined) {
    target = new Target('');
    ctx.setCached(STATIC, target);
  }
  return target;
}

/** Empties $sbranch. */
export function resetStaticBranch(ctx: ScriptContext): void {
  ctx.setCached(STATIC, undefined);
}

const sbranch = hostedKeyed('sbranch', true, (host) =>
  Object.fromEntries(
    Object.entries(PARTS).map(([key, part]) => {
      const { set } = part;
      const get = (ctx: ScriptContext): Value => {
        const target = ctx.cached<Target>(STATIC);
        return target === undefined || target.uri === '' ? null : part.get(target, ctx);
      };
      return [
        key,
        set === null ? { get } : { get, set: (ctx: ScriptContext, v: Value) => set(staticBranch(ctx), v, host) },
      ];
    }),
  ),
);

/** All branches as a Contact header would list them. */
function allBranches(ctx: ScriptContext): Value {
  const { branches } = ctx.state;
  if (branches.length === 0) return null;
  return branches.map((target) => (target.q < 0 ? target.uri : `<${target.uri}>;q=${target.q / 1000}`)).join(', ');
}

/** Additional branches of the request and the branch being built. */
export const branchVariables: readonly CoreVariable[] = [
  branch,
  sbranch,
  simple('br', {
    get: (ctx) => ctx.state.branches[0]?.uri ?? null,
    set: (ctx, value) => {
      if (value === null) {
        ctx.state.branches.length = 0;
        return true;
      }
      if (typeof value !== 'string' || value === '' || hasControl(value)) return false;
      ctx.state.branches.push(new Target(value));
      return true;
    },
  }),
  simple('bR', allBranches),
  simple('ruid', (ctx) => ctx.target.ruid || null),
  simple('location_ua', (ctx) => ctx.target.locationUa || null),
];
