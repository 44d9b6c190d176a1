/**
 * Core functions that rewrite the Request-URI. They act at once: $ru shows the result. Parameters and headers of the URI
 * stay, except where noted.
 */
import { buildUri, parseUri, type SipUri } from '../message/uri.ts';
import type { CoreArg } from './compile-ir.ts';
import type { ScriptContext } from './context.ts';
import {
  argInt,
  argText,
  type CoreCode,
  type CoreFunction,
  type CoreScope,
  coreFunction,
} from './core-functions-define.ts';
import { L_ERR, type Log } from './log.ts';
import { ROUTE_ANY, ROUTE_ONSEND } from './values.ts';

const ROUTES = ROUTE_ANY & ~ROUTE_ONSEND;

/** Pieces of a sip: or sips: URI that can be put together again. */
interface UriPieces {
  user: string | undefined;
  password: string | undefined;
  host: string;
  port: number;
  params: string;
}

/** Makes a function of a change to the pieces of the URI. `change` returns false when it makes no sense for this URI. */
function changing(name: string, scope: CoreScope, change: (pieces: UriPieces, uri: SipUri) => boolean): CoreCode {
  const log = scope.host?.log;
  return (ctx) => {
    const uri = target(ctx);
    if (uri === null) return refused(log, name, ctx);
    const pieces = { user: uri.user, password: uri.password, host: uri.host, port: uri.port, params: uri.params };
    if ((uri.host === '' && uri.scheme !== 'tel') || !change(pieces, uri)) return refused(log, name, ctx);
    ctx.target.uri = buildUri({ scheme: uri.scheme, headers: uri.headers, ...pieces });
    return 1;
  };
}

function target(ctx: ScriptContext): SipUri | null {
  const { message } = ctx;
  if (!message.isRequest) return null;
  const { uri } = ctx.target;
  return uri === message.requestUri ? message.ruri : parseUri(uri);
}

function refused(log: Log | undefined, name: string, ctx: ScriptContext): number {
  log?.write(L_ERR, 'core', `${name}(): cannot be applied to <${ctx.target.uri}>`, 'SCRIPT_URI_REFUSED');
  return -1;
}

/** Blanks and controls would end the Request-URI or the line. */
function isPlain(text: string): boolean {
  return !/[\x00-\x20\x7f<>"]/.test(text);
}

function setHost(pieces: UriPieces, uri: SipUri, host: string): boolean {
  if (uri.scheme === 'tel') return false;
  pieces.host = host;
  return true;
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

function hostPort(text: string): HostPort | null {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^\s:;?@<>]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const port = match[2] === undefined ? 0 : Number(match[2]);
  return port > 65535 ? null : { host: match[1] as string, port };
}

function withText(
  name: string,
  what: string,
  make: (text: string, scope: CoreScope) => CoreCode | string,
): CoreFunction {
  return coreFunction(
    name,
    1,
    ([arg]: readonly CoreArg[], scope) => {
      const text = argText(arg);
      if (text === null) return `needs ${what} as a string`;
      return isPlain(text) ? make(text, scope) : `'${text}' is not ${what}`;
    },
    { routes: ROUTES },
  );
}

function withCount(name: string, change: (user: string, count: number) => string): CoreFunction {
  return coreFunction(
    name,
    1,
    ([arg], scope) => {
      const count = argInt(arg);
      if (count === null || count < 0) return 'needs a number of characters';
      return changing(name, scope, (pieces, uri) => {
        if (pieces.user === undefined) return false;
        const user = change(pieces.user, count);
        // Kamailio: nothing left removes the user part.
        if (user === '' && uri.scheme === 'tel') return false;
        pieces.user = user === '' ? undefined : user;
        return true;
      });
    },
    { routes: ROUTES },
  );
}

/** rewriteuri(), prefix(), strip() and their relatives. */
export function uriFunctions(): CoreFunction[] {
  return [
    withText('rewriteuri', 'a URI', (text) => {
      if (parseUri(text) === null) return `'${text}' is not a URI`;
      return (ctx) => {
        ctx.target.uri = text;
        return 1;
      };
    }),
    withText('rewritehost', 'a host', (text, scope) =>
      hostPort(text) === null
        ? `'${text}' is not a host`
        : changing('rewritehost', scope, (p, uri) => setHost(p, uri, text)),
    ),
    withText('rewritehostport', 'a host and port', (text, scope) => {
      const parsed = hostPort(text);
      if (parsed === null) return `'${text}' is not host:port`;
      return changing('rewritehostport', scope, (pieces, uri) => {
        pieces.port = parsed.port;
        return setHost(pieces, uri, parsed.host);
      });
    }),
    withText('rewritehostporttrans', 'host:port;transport=…', (text, scope) => {
      const semi = text.indexOf(';');
      const parsed = hostPort(semi < 0 ? text : text.slice(0, semi));
      if (parsed === null) return `'${text}' is not host:port;transport=…`;
      const added = semi < 0 ? '' : text.slice(semi);
      return changing('rewritehostporttrans', scope, (pieces, uri) => {
        pieces.port = parsed.port;
        if (added !== '') pieces.params = pieces.params.replace(/;transport=[^;]*/gi, '') + added;
        return setHost(pieces, uri, parsed.host);
      });
    }),
    coreFunction(
      'rewriteport',
      1,
      ([arg], scope) => {
        const port = argInt(arg);
        if (port === null || port < 1 || port > 65535) return 'a port is a number from 1 to 65535';
        return changing('rewriteport', scope, (pieces, uri) => {
          pieces.port = port;
          return uri.scheme !== 'tel';
        });
      },
      { routes: ROUTES },
    ),
    withText('rewriteuser', 'a user', (text, scope) =>
      changing('rewriteuser', scope, (pieces) => {
        pieces.user = text === '' ? undefined : text;
        return true;
      }),
    ),
    withText('rewriteuserpass', 'user:password', (text, scope) =>
      changing('rewriteuserpass', scope, (pieces) => {
        const colon = text.indexOf(':');
        pieces.user = text === '' ? undefined : colon < 0 ? text : text.slice(0, colon);
        pieces.password = colon < 0 ? undefined : text.slice(colon + 1);
        return true;
      }),
    ),
    coreFunction(
      'revert_uri',
      0,
      () => (ctx) => {
        if (!ctx.message.isRequest) return -1;
        ctx.target.uri = ctx.state.pristine.requestUri;
        return 1;
      },
      { routes: ROUTES },
    ),
    withText('prefix', 'a prefix', (text, scope) =>
      changing('prefix', scope, (pieces) => {
        pieces.user = text + (pieces.user ?? '');
        return pieces.user !== '';
      }),
    ),
    withCount('strip', (user, count) => user.slice(count)),
    withCount('strip_tail', (user, count) => user.slice(0, Math.max(0, user.length - count))),
    coreFunction(
      'userphone',
      0,
      (_args, scope) =>
        changing('userphone', scope, (pieces, uri) => {
          if (uri.scheme === 'tel' || /;user=/i.test(pieces.params)) return true;
          pieces.params += ';user=phone';
          return true;
        }),
      { routes: ROUTES },
    ),
  ];
}
