import {
  HDR_CONTACT,
  HDR_EVENT,
  HDR_RECORD_ROUTE,
  HDR_REFER_TO,
  HDR_ROUTE,
  type HeaderId,
} from '../message/header-name.ts';
import { type NameAddr, paramValue, parseNameAddr } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';
import type { ScriptContext } from './context.ts';
import type { ModuleHost } from './module-definition.ts';
import type { Value } from './values.ts';
import { customSetting } from './variables/custom-settings.ts';
import { splitValues } from './variables/headers.ts';
import { hostOf, portOf, transportOf, userOf } from './variables/uri-parts.ts';

/** Numbers given out by @sys.unique; one count for the process, so that two places in a script never agree. */
let serial = 0;

/** A select made ready at load: what `@path` or `$sel(path)` yields in one run. */
export type Select = (ctx: ScriptContext) => Value;

/** One element of a path: `via[1]` or `header["X-A"]`. */
interface Step {
  readonly name: string;
  /** Number in brackets; null when there is none. */
  readonly index: number | null;
  /** Text in brackets and quotes; null when there is none. */
  readonly key: string | null;
}

/** Takes `a.b[1].c["X"]` apart; null when it is not of that form. */
function parsePath(path: string): Step[] | null {
  const steps: Step[] = [];
  const text = path.startsWith('@') ? path.slice(1) : path;
  const pattern = /([A-Za-z0-9_-]+)(?:\[\s*(?:(-?\d+)|"([^"]*)"|'([^']*)'|([A-Za-z][\w-]*))\s*\])?(?:\.|$)/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return null;
    steps.push({
      name: match[1] as string,
      index: match[2] === undefined ? null : Number(match[2]),
      key: match[3] ?? match[4] ?? match[5] ?? null,
    });
  }
  return steps.length === 0 ? null : steps;
}

/**
 * Prepares a select.
 * @param path with or without its `@`: `from.uri.user`, `via[1].branch`, `hf_value.route.uri`, `cfg_get.group.name`, …
 * @returns the getter, or a text that says what is wrong with the path
 */
export function compileSelect(path: string, host: ModuleHost): Select | string {
  const steps = parsePath(path);
  const unknown = `unknown select @${path.replace(/^@/, '')}`;
  if (steps === null) return unknown;
  const [first, ...rest] = steps as [Step, ...Step[]];
  return ROOTS.get(first.name.toLowerCase())?.(first, rest, host) ?? unknown;
}

type Root = (first: Step, rest: readonly Step[], host: ModuleHost) => Select | null;

/** Part of a URI's text; null for an unknown part. */
function uriPart(rest: readonly Step[]): ((uri: string) => Value) | null {
  const [part, name] = rest;
  if (part === undefined) return (uri) => uri;
  switch (part.name.toLowerCase()) {
    case 'type':
      return (uri) => parseUri(uri)?.scheme ?? null;
    case 'user':
      return (uri) => userOf(parseUri(uri));
    case 'pwd':
    case 'password':
      return (uri) => parseUri(uri)?.password ?? null;
    case 'host':
      return (uri) => hostOf(parseUri(uri));
    case 'port':
      return (uri) => parseUri(uri)?.port || null;
    case 'hostport': {
      return (uri) => {
        const parsed = parseUri(uri);
        return parsed === null ? null : parsed.port === 0 ? parsed.host : `${parsed.host}:${portOf(parsed)}`;
      };
    }
    case 'transport':
      return (uri) => {
        const parsed = parseUri(uri);
        return parsed === null || parsed.transport === '' ? null : transportOf(parsed);
      };
    case 'params': {
      if (name === undefined) return (uri) => parseUri(uri)?.params.slice(1) || null;
      const wanted = name.name.toLowerCase();
      return (uri) => paramValue(parseUri(uri)?.params ?? '', wanted) ?? null;
    }
    default:
      return null;
  }
}

/** Part of a name-addr value: `uri`, `uri.user`, `tag`, `name`, `params.x`, `param.x`, `p.x`, `expires`, `q`. */
function addressPart(rest: readonly Step[]): ((address: NameAddr, whole: string) => Value) | null {
  const [part, name] = rest;
  if (part === undefined) return (_address, whole) => whole;
  switch (part.name.toLowerCase()) {
    case 'uri':
    case 'u': {
      const read = uriPart(rest.slice(1));
      return read === null ? null : (address) => read(address.uri);
    }
    case 'nameaddr': {
      const next = name?.name.toLowerCase();
      if (next === undefined) return (_address, whole) => whole;
      return addressPart(rest.slice(1));
    }
    case 'name':
      return (address) => address.display.replace(/^"(.*)"$/s, '$1') || null;
    case 'params':
    case 'param':
    case 'p': {
      if (name === undefined) return (address) => address.params.slice(1) || null;
      const wanted = name.name.toLowerCase();
      return (address) => paramValue(address.params, wanted) ?? null;
    }
    default: {
      const wanted = part.name.toLowerCase();
      if (!/^(?:tag|expires|q|methods|received|instance)$/.test(wanted)) return null;
      return (address) => paramValue(address.params, wanted === 'instance' ? '+sip.instance' : wanted) ?? null;
    }
  }
}

/** `@from…`, `@to…`, `@contact…`: one address of a header. */
function address(read: (ctx: ScriptContext) => { address: NameAddr; whole: string } | null): Root {
  return (_first, rest) => {
    const part = addressPart(rest);
    if (part === null) return null;
    return (ctx) => {
      const found = read(ctx);
      return found === null ? null : part(found.address, found.whole);
    };
  };
}

function named(id: HeaderId): (ctx: ScriptContext) => { address: NameAddr; whole: string } | null {
  return ({ message }) => {
    const field = message.find(id);
    const parsed = field === undefined ? null : parseNameAddr(message.raw, field.valueStart, field.valueEnd);
    return parsed === null || field === undefined ? null : { address: parsed, whole: message.valueOf(field) };
  };
}

function ofMessage(
  pick: (ctx: ScriptContext) => NameAddr | null,
): (ctx: ScriptContext) => { address: NameAddr; whole: string } | null {
  return (ctx) => {
    const found = pick(ctx);
    return found === null ? null : { address: found, whole: ctx.message.raw.slice(found.start, found.end) };
  };
}

/** `@via[n]`: 1 is the topmost, -1 the last. */
const via: Root = (first, rest) => {
  const index = first.index ?? 1;
  if (index === 0) return () => null;
  const part = rest[0]?.name.toLowerCase();
  const name = rest[1]?.name.toLowerCase();
  return (ctx) => {
    const found = ctx.message.vias.at(index > 0 ? index - 1 : index);
    if (found === undefined) return null;
    switch (part) {
      case undefined:
        return ctx.message.raw.slice(found.start, found.end);
      case 'host':
        return found.host;
      case 'port':
        return found.port || null;
      case 'transport':
        return found.transport;
      case 'rport':
        return found.rport < 0 ? null : found.rport === 0 ? '' : found.rport;
      case 'params':
        return name === undefined ? found.params.slice(1) || null : (paramValue(found.params, name) ?? null);
      default:
        return paramValue(found.params, part) ?? null;
    }
  };
};

/** Values of all headers of one name, comma lists taken apart. */
function headerList(ctx: ScriptContext, name: string): string[] {
  const { message } = ctx;
  // Selects write the `-` of a name as `_` too.
  const fields = message.findByName(name);
  const found = fields.length > 0 || !name.includes('_') ? fields : message.findByName(name.replaceAll('_', '-'));
  return found.flatMap((field) => splitValues(message.raw, field.valueStart, field.valueEnd));
}

/** `@hf_value.NAME[i].uri`, `.param.x`, `.p.x`: 1 is the first value; without an index all of them, joined. */
const headerValue: Root = (_first, rest) => {
  const [header, ...parts] = rest;
  if (header === undefined) return null;
  const part = parts.length === 0 ? null : addressPart(parts);
  if (parts.length > 0 && part === null) return null;
  const read = (value: string): Value => {
    if (part === null) return value;
    const parsed = parseNameAddr(value, 0, value.length);
    if (parsed !== null) return part(parsed, value);
    // A value that is no address (Event, Session-Expires) still has parameters.
    const name = parts[1]?.name.toLowerCase();
    return name === undefined ? null : (paramValue(value.slice(Math.max(value.indexOf(';'), 0)), name) ?? null);
  };
  return (ctx) => {
    const list = headerList(ctx, header.name);
    const { index } = header;
    if (index !== null) {
      const value = index === 0 ? undefined : list.at(index > 0 ? index - 1 : index);
      return value === undefined ? null : read(value);
    }
    const values = list.map(read).filter((value) => value !== null);
    return values.length === 0 ? null : values.join(',');
  };
};

const ROOTS: ReadonlyMap<string, Root> = new Map<string, Root>([
  [
    'ruri',
    (_first, rest) => {
      const part = uriPart(rest);
      return part === null ? null : (ctx) => (ctx.message.isRequest ? part(ctx.target.uri) : null);
    },
  ],
  ['from', address(ofMessage((ctx) => ctx.message.from))],
  ['f', address(ofMessage((ctx) => ctx.message.from))],
  ['to', address(ofMessage((ctx) => ctx.message.to))],
  ['t', address(ofMessage((ctx) => ctx.message.to))],
  ['contact', address(named(HDR_CONTACT))],
  ['m', address(named(HDR_CONTACT))],
  ['refer_to', address(named(HDR_REFER_TO))],
  ['route', address(named(HDR_ROUTE))],
  ['record_route', address(named(HDR_RECORD_ROUTE))],
  ['via', via],
  ['v', via],
  ['hf_value', headerValue],
  ['hf_value2', headerValue],
  ['method', (_first, rest) => (rest.length > 0 ? null : (ctx) => ctx.message.method)],
  ['callid', (_first, rest) => (rest.length > 0 ? null : (ctx) => ctx.message.callId || null)],
  ['call_id', (_first, rest) => (rest.length > 0 ? null : (ctx) => ctx.message.callId || null)],
  [
    'cseq',
    (_first, rest) => {
      switch (rest[0]?.name.toLowerCase()) {
        case undefined:
          return ({ message: { cseq } }) => (cseq === null ? null : `${cseq.seq} ${cseq.method}`);
        case 'num':
          return (ctx) => ctx.message.cseq?.seq ?? null;
        case 'method':
          return (ctx) => ctx.message.cseq?.method ?? null;
        default:
          return null;
      }
    },
  ],
  [
    'event',
    () =>
      ({ message }) =>
        message.value(HDR_EVENT) ?? null,
  ],
  [
    'msg',
    (_first, rest) => {
      const [part, detail] = rest;
      switch (part?.name.toLowerCase()) {
        case undefined:
          return (ctx) => ctx.message.raw;
        case 'len':
          return (ctx) => ctx.message.raw.length;
        case 'type':
          return (ctx) => (ctx.message.isRequest ? 1 : 2);
        case 'body':
          return (ctx) => ctx.message.body || null;
        case 'header': {
          const name = part?.key ?? detail?.name;
          if (name === undefined)
            return (ctx) => ctx.message.raw.slice(ctx.message.headersStart, ctx.message.headersEnd);
          // Which of several lines: `header["X"][2]` is not of the path's form, `header.X[2]` is.
          const at = detail?.index ?? 1;
          return ({ message }) => {
            const field = at === 0 ? undefined : message.findByName(name).at(at > 0 ? at - 1 : at);
            return field === undefined ? null : message.valueOf(field);
          };
        }
        default:
          return null;
      }
    },
  ],
  [
    'cfg_get',
    (_first, rest, host) => {
      const [group, name] = rest;
      if (group === undefined || name === undefined) return null;
      const key = `${group.name}.${name.name}`;
      return (ctx) => customSetting(host, ctx, key);
    },
  ],
  [
    'sys',
    (_first, rest, host) => {
      switch (rest[0]?.name.toLowerCase()) {
        case 'pid':
          return () => process.pid;
        case 'unique': {
          // Unlike any other within this server's life: process, start, and a number.
          const base = `${process.pid.toString(16)}-${Math.floor(host.clock.wall() / 1000).toString(16)}`;
          return () => `${base}-${(++serial).toString(16).padStart(8, '0')}`;
        }
        case 'now':
          return () => Math.floor(host.clock.wall() / 1000);
        default:
          return null;
      }
    },
  ],
  [
    'src',
    (_first, rest) =>
      endpoint(
        rest,
        (ctx) => ctx.from.ip,
        (ctx) => ctx.from.port,
      ),
  ],
  [
    'dst',
    (_first, rest) =>
      endpoint(
        rest,
        (ctx) => ctx.from.socket.address,
        (ctx) => ctx.from.socket.port,
      ),
  ],
  [
    'received',
    (_first, rest) =>
      endpoint(
        rest,
        (ctx) => ctx.from.socket.address,
        (ctx) => ctx.from.socket.port,
      ),
  ],
]);

/** `ip`, `port`, `ip_port`, `proto`, `proto_ip_port` of one end of the flow a message came by. */
function endpoint(
  rest: readonly Step[],
  ip: (ctx: ScriptContext) => string,
  port: (ctx: ScriptContext) => number,
): Select | null {
  const bracketed = (ctx: ScriptContext): string => (ip(ctx).includes(':') ? `[${ip(ctx)}]` : ip(ctx));
  switch (rest[0]?.name.toLowerCase()) {
    case 'ip':
      return ip;
    case 'port':
      return port;
    case 'ip_port':
      return (ctx) => `${bracketed(ctx)}:${port(ctx)}`;
    case 'proto':
      return (ctx) => ctx.from.socket.proto;
    case 'proto_ip_port':
      return (ctx) => `${ctx.from.socket.proto}:${bracketed(ctx)}:${port(ctx)}`;
    default:
      return null;
  }
}
