import { HDR_CONTACT } from '../../message/header-name.ts';
import { type NameAddr, parseNameAddrList } from '../../message/name-addr.ts';
import { parseUri, type SipUri } from '../../message/uri.ts';
import { buildUri, uriParam, withParam } from '../../message/uri-build.ts';
import type { ScriptContext } from '../../script/context.ts';
import { rangeKey } from '../support/header-lines.ts';
import { withoutParam } from './uris.ts';

/** A URI is no Contact of the encoded form. Kamailio's code, which scripts can see. */
export const NOT_ENCODED = -26;

/** Contact values of a message; null when one is unreadable. `*` is none. */
export function contactValues(ctx: ScriptContext): NameAddr[] | null {
  const { message } = ctx;
  const values: NameAddr[] = [];
  for (const header of message.findAll(HDR_CONTACT)) {
    if (message.valueOf(header) === '*') continue;
    const list = parseNameAddrList(message.raw, header.valueStart, header.valueEnd);
    if (list === null) return null;
    values.push(...list);
  }
  return values;
}

/** Records another URI in a Contact value; a bare URI gets angle brackets when its new text has parameters (RFC 3261 §20.10). */
function replaceUri(ctx: ScriptContext, value: NameAddr, uri: string): void {
  const text = value.bracketed || !/[;,?]/.test(uri) ? uri : `<${uri}>`;
  ctx.edits.replace(value.uriStart, value.uriEnd, text, rangeKey(value.uriStart, value.uriEnd));
}

/**
 * Changes the URI of every Contact value.
 * @param change the new text; null leaves the URI alone, undefined refuses it
 * @returns false when a value is unreadable or was refused; nothing is changed then
 */
export function mapContacts(ctx: ScriptContext, change: (uri: SipUri) => string | null | undefined): boolean {
  const values = contactValues(ctx);
  if (values === null) return false;
  const changes: [NameAddr, string][] = [];
  for (const value of values) {
    const uri = parseUri(value.uri);
    const text = uri === null ? undefined : change(uri);
    if (text === undefined) return false;
    if (text !== null) changes.push([value, text]);
  }
  for (const [value, text] of changes) replaceUri(ctx, value, text);
  return true;
}

/** encode_contact(): `sip:prefix*user*password*host*port*transport@host`; the other parameters are lost, as documented. */
export function encodeFields(uri: SipUri, prefix: string, host: string, separator: string): string | undefined {
  if (uri.host === '') return undefined;
  const fields = [
    prefix,
    uri.user ?? '',
    uri.password ?? '',
    uri.host,
    uri.port === 0 ? '' : `${uri.port}`,
    uri.transport,
  ];
  return checked(`${uri.scheme}:${fields.join(separator)}@${host}`);
}

/** What {@link encodeFields} made, as the URI it was; undefined when the text is none of that form. */
export function decodeFields(uri: SipUri, separator: string): string | undefined {
  const fields = (uri.user ?? '').split(separator);
  if (fields.length !== 6) return undefined;
  const [, user, password, host, port, transport] = fields as [string, string, string, string, string, string];
  const text = buildUri({
    scheme: uri.scheme,
    user: user === '' ? undefined : user,
    password: password === '' ? undefined : password,
    host,
    port: Number(port),
    params: `${transport === '' ? '' : `;transport=${transport}`}${uri.params}`,
  });
  return checked(text);
}

/** contact_param_encode(): our address with the URI in a parameter. */
export function encodeParam(uri: SipUri, name: string, address: string): string | undefined {
  const own = parseUri(address);
  if (own === null || own.host === '') return undefined;
  return withParam(own, name.toLowerCase(), Buffer.from(uri.text, 'latin1').toString('base64url'));
}

/** The URI in a parameter made by {@link encodeParam}; null when there is no such parameter, undefined when it holds no URI. */
export function decodeParam(uri: SipUri, name: string): string | null | undefined {
  const value = uriParam(uri, name.toLowerCase());
  if (value === undefined) return null;
  return checked(Buffer.from(value, 'base64url').toString('latin1'));
}

/** contact_param_rm(): the URI without a parameter; null when it has none of the name. */
export function removeParam(uri: SipUri, name: string): string | null {
  const params = withoutParam(uri.params, name);
  return params === uri.params ? null : buildUri({ ...uri, params });
}

/** Decoded text comes from outside: it must be a URI before it goes into a message. */
function checked(text: string): string | undefined {
  const uri = parseUri(text);
  return uri === null || uri.host === '' ? undefined : text;
}
