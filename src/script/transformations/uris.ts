import { isIPv6 } from '../../message/host.ts';
import { paramValue } from '../../message/params.ts';
import { parseUri, type SipUri } from '../../message/uri.ts';
import type { TransformationDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { hostOf, protoId, transportOf, userOf } from '../variables/uri-parts.ts';
import { string, text, textWith } from './define.ts';

/** A part of a URI; '' when it is not there, undefined when the text is no URI. */
function part(name: string, read: (uri: SipUri) => Value, support = 'yes'): TransformationDefinition {
  return text(
    `uri.${name}`,
    (input) => {
      const uri = parseUri(input);
      return uri === null ? null : (read(uri) ?? '');
    },
    support,
  );
}

function parameter(name: string): TransformationDefinition {
  return part(name, (uri) => paramValue(uri.params, name) ?? '');
}

/** Protocol a URI would be sent by, lower case (RFC 3263 §4.1 without DNS). */
function protocol(uri: SipUri): string {
  return uri.transport !== '' ? uri.transport : uri.scheme === 'sips' ? 'tls' : 'udp';
}

function port(uri: SipUri): number {
  return uri.port !== 0 ? uri.port : protocol(uri) === 'tls' ? 5061 : 5060;
}

function hostPort(uri: SipUri): string {
  return uri.port === 0 ? uri.host : `${uri.host}:${uri.port}`;
}

function transportParam(uri: SipUri): string {
  return uri.transport === '' ? '' : `;transport=${transportOf(uri)}`;
}

/** The URI without one of its parameters. */
function withoutParam(uri: SipUri, name: string): string {
  const at = uri.text.length - uri.headers.length - uri.params.length;
  const kept = uri.params.split(';').filter((param, i) => i > 0 && param.split('=', 1)[0]?.toLowerCase() !== name);
  return `${uri.text.slice(0, at)}${kept.map((param) => `;${param}`).join('')}${uri.headers}`;
}

/** {uri.…}: parts of a SIP, SIPS or tel URI. */
export const uriTransformations: readonly TransformationDefinition[] = [
  part('user', userOf),
  part('host', hostOf),
  part('domain', hostOf),
  part('passwd', (uri) => uri.password ?? ''),
  part('port', (uri) => (uri.port === 0 ? '' : String(uri.port))),
  part('params', (uri) => uri.params.slice(1)),
  textWith('uri.param', 1, 1, (params) => {
    if (params[0]?.constant === '') return 'the name of a parameter is missing';
    const name = string(params[0]);
    return (input, ctx) => {
      const uri = parseUri(input);
      return uri === null ? null : (paramValue(uri.params, name(ctx).toLowerCase()) ?? '');
    };
  }),
  textWith('uri.rmparam', 1, 1, (params) => {
    if (params[0]?.constant === '') return 'the name of a parameter is missing';
    const name = string(params[0]);
    return (input, ctx) => {
      const uri = parseUri(input);
      return uri === null ? null : withoutParam(uri, name(ctx).toLowerCase());
    };
  }),
  part('headers', (uri) => uri.headers.slice(1)),
  part('transport', (uri) => (uri.transport === '' ? '' : transportOf(uri))),
  parameter('ttl'),
  part('uparam', (uri) => paramValue(uri.params, 'user') ?? ''),
  parameter('maddr'),
  parameter('method'),
  parameter('lr'),
  parameter('r2'),
  part('scheme', (uri) => uri.scheme),
  part('tosocket', (uri) => (uri.host === '' ? '' : `${protocol(uri)}:${uri.host}:${port(uri)}`)),
  part('duri', (uri) => (uri.host === '' ? '' : `${uri.scheme}:${hostPort(uri)}${transportParam(uri)}`)),
  part('saor', (uri) => address(uri, uri.host)),
  part('suri', (uri) => address(uri, hostPort(uri)) + (uri.host === '' ? '' : transportParam(uri))),
  text('urialias.encode', (input) => {
    const uri = parseUri(input);
    if (uri === null || uri.host === '') return null;
    const id = protoId(protocol(uri));
    return id === 0 ? null : `${uri.host}~${port(uri)}~${id}`;
  }),
  text('urialias.decode', (input) => {
    const match = /^([^~]+)~(\d{1,5})~(\d)$/.exec(input);
    const proto = ['', 'udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'][Number(match?.[3])];
    if (match === null || !proto) return null;
    const host = isIPv6(match[1] as string) ? `[${match[1]}]` : match[1];
    return `sip:${host}:${match[2]}${proto === 'udp' ? '' : `;transport=${proto}`}`;
  }),
];

/** scheme:user@host, the address of record without password. */
function address(uri: SipUri, host: string): string {
  if (uri.host === '') return uri.user === undefined ? '' : `${uri.scheme}:${uri.user}`;
  return uri.user === undefined ? `${uri.scheme}:${host}` : `${uri.scheme}:${uri.user}@${host}`;
}
