import { type NameAddr, parseNameAddr } from '../../message/name-addr.ts';
import { parseUri } from '../../message/uri.ts';
import type { TransformationDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { hostOf, userOf } from '../variables/uri-parts.ts';
import { text } from './define.ts';

/** {nameaddr.…} looks at the first address of a list and takes an unbracketed text as it is. */
function nameAddress(
  name: string,
  read: (address: NameAddr, input: string) => Value,
  plain: (input: string) => Value,
): TransformationDefinition {
  return text(`nameaddr.${name}`, (input) => {
    const address = input.includes('<') ? parseNameAddr(input, 0, input.length) : null;
    if (address !== null) return read(address, input);
    return input.includes('<') || input === '' ? null : plain(input);
  });
}

/** {tobody.…}: one value of the form of From and To; undefined for a list and for what cannot be parsed. */
function toBody(name: string, read: (address: NameAddr) => Value): TransformationDefinition {
  return text(`tobody.${name}`, (input) => {
    const address = parseNameAddr(input, 0, input.length);
    return address === null || address.end < input.trimEnd().length ? null : read(address);
  });
}

/** `proto:host:port` taken apart; the protocol or the port may be missing. */
function socket(name: string, read: (proto: string, host: string, port: string) => string): TransformationDefinition {
  return text(`sock.${name}`, (input) => {
    const match = /^(?:([a-z]+):)?(\[[^\]]*\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(input.trim());
    return match === null ? null : read(match[1]?.toLowerCase() ?? '', match[2] as string, match[3] ?? '');
  });
}

/** Addresses of header fields and names of sockets. */
export const addressTransformations: readonly TransformationDefinition[] = [
  // The name keeps its quotes and the blank behind it.
  nameAddress(
    'name',
    (address, input) => input.slice(address.displayStart, address.uriStart - 1),
    () => '',
  ),
  nameAddress(
    'uri',
    (address) => address.uri,
    (input) => input.trim(),
  ),
  // Of the address proper, without the parameters behind it.
  nameAddress(
    'len',
    (address) => address.uriEnd + 1 - address.start,
    (input) => input.length,
  ),
  toBody('uri', (address) => address.uri),
  toBody('display', (address) => address.display),
  toBody('tag', (address) => address.tag),
  toBody('user', (address) => userOf(parseUri(address.uri)) ?? ''),
  toBody('host', (address) => hostOf(parseUri(address.uri)) ?? ''),
  toBody('params', (address) => address.params.replace(/^\s*;\s*/, '')),
  socket('host', (_proto, host) => host),
  socket('port', (_proto, _host, port) => port),
  socket('proto', (proto) => proto),
  socket(
    'touri',
    (proto, host, port) => `sip:${host}${port === '' ? '' : `:${port}`}${proto === '' ? '' : `;transport=${proto}`}`,
  ),
];
