import type { EditList } from '../../message/edits.ts';
import type { NameAddr } from '../../message/name-addr.ts';
import { quote } from '../../message/params.ts';
import { parseUri, type SipUri } from '../../message/uri.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { alias, type CoreVariable, hasControl, simple } from './define.ts';
import { hostOf, UriMemo, userOf, withHost, withUser } from './uri-parts.ts';

/**
 * Writes to From and To are edits of the header, under the keys the uac functions use, so that the last write wins. Reading goes on to show
 * the received header until msg_apply_changes(). Writes of parts build on the queued URI: in Kamailio two writes corrupt each other.
 */
class Identity {
  readonly uriKey: string;
  readonly displayKey: string;
  readonly address: (ctx: ScriptContext) => NameAddr | null;
  private readonly memo = new UriMemo();

  constructor(header: 'from' | 'to') {
    this.uriKey = `${header}-uri`;
    this.displayKey = `${header}-display`;
    this.address = header === 'from' ? (ctx) => ctx.message.from : (ctx) => ctx.message.to;
  }

  parsed(ctx: ScriptContext): SipUri | null {
    const address = this.address(ctx);
    return address === null ? null : this.memo.parse(address.uri);
  }

  userLength(ctx: ScriptContext): number {
    const user = userOf(this.parsed(ctx));
    return typeof user === 'string' ? user.length : 0;
  }

  /** The URI as the wire will show it: the queued one, else the received one. */
  private queued(ctx: ScriptContext, address: NameAddr): SipUri | null {
    const text = edited(ctx, this.uriKey);
    if (text === undefined) return parseUri(address.uri);
    return parseUri(text.startsWith('<') ? text.slice(1, -1) : text);
  }

  setUri(ctx: ScriptContext, value: Value): boolean {
    const address = this.address(ctx);
    if (address === null || typeof value !== 'string') return false;
    return this.write(ctx, address, value);
  }

  setUser(ctx: ScriptContext, value: Value): boolean {
    const address = this.address(ctx);
    if (address === null || typeof value === 'number') return false;
    const uri = this.queued(ctx, address);
    return uri !== null && this.write(ctx, address, withUser(uri, value === '' ? null : value));
  }

  setHost(ctx: ScriptContext, value: Value): boolean {
    const address = this.address(ctx);
    if (address === null || typeof value !== 'string' || value === '') return false;
    const uri = this.queued(ctx, address);
    return uri !== null && this.write(ctx, address, withHost(uri, value));
  }

  private write(ctx: ScriptContext, address: NameAddr, uri: string | null): boolean {
    // What is no URI would make a header that nobody can read.
    if (uri === null || parseUri(uri) === null) return false;
    // Without brackets the URI's own parameters would become the header's.
    const text = address.bracketed ? uri : `<${uri}>`;
    ctx.edits.replace(address.uriStart, address.uriEnd, text, this.uriKey);
    return true;
  }

  setDisplay(ctx: ScriptContext, value: Value): boolean {
    const address = this.address(ctx);
    if (address === null || typeof value === 'number') return false;
    if (value !== null && hasControl(value)) return false;
    const text = value === null || value === '' ? '' : `${displayName(value)} `;
    const end = address.bracketed ? address.uriStart - 1 : address.uriStart;
    ctx.edits.replace(address.displayStart, end, text, this.displayKey);
    // A display name needs the bracketed form.
    if (!address.bracketed && edited(ctx, this.uriKey) === undefined)
      ctx.edits.replace(address.uriStart, address.uriEnd, `<${address.uri}>`, this.uriKey);
    return true;
  }
}

/** Text queued under a key, in what is edited now or, seen from a branch, in the request. */
function edited(ctx: ScriptContext, key: string): string | undefined {
  return textIn(ctx.edits, key) ?? (ctx.message.isRequest ? textIn(ctx.state.edits, key) : undefined);
}

function textIn(edits: EditList, key: string): string | undefined {
  const text = edits.get(key)?.text;
  return typeof text === 'string' ? text : undefined;
}

/** Verbatim when it is tokens or quoted already (RFC 3261 §25.1 display-name), else quoted. */
function displayName(text: string): string {
  if (/^"(?:[^"\\]|\\.)*"$/.test(text) || /^[\w\-.!%*+`'~ \x80-\xff]+$/.test(text)) return text;
  return quote(text);
}

function variables(header: 'from' | 'to', letter: 'f' | 't'): CoreVariable[] {
  const identity = new Identity(header);
  const uri = simple(`${letter}u`, {
    get: (ctx) => identity.address(ctx)?.uri ?? null,
    set: (ctx, value) => identity.setUri(ctx, value),
  });
  const user = simple(`${letter}U`, {
    get: (ctx) => userOf(identity.parsed(ctx)),
    set: (ctx, value) => identity.setUser(ctx, value),
  });
  const domain = simple(`${letter}d`, {
    get: (ctx) => hostOf(identity.parsed(ctx)),
    set: (ctx, value) => identity.setHost(ctx, value),
  });
  return [
    uri,
    alias(header, uri),
    user,
    alias(`${header}.user`, user),
    domain,
    alias(`${header}.domain`, domain),
    simple(`${letter}n`, {
      get: (ctx) => identity.address(ctx)?.display || null,
      set: (ctx, value) => identity.setDisplay(ctx, value),
    }),
    simple(`${letter}t`, (ctx) => identity.address(ctx)?.tag || null),
    simple(`${letter}Ul`, (ctx) => (identity.address(ctx) === null ? null : identity.userLength(ctx))),
    simple(`${letter}ul`, (ctx) => identity.address(ctx)?.uri.length ?? null),
  ];
}

/** From and To: URI, user, domain, display name, tag. */
export const identityVariables: readonly CoreVariable[] = [
  ...variables('from', 'f'),
  ...variables('to', 't'),
  simple('tts', (ctx) => (ctx.message.to?.tag ? 1 : 0)),
];
