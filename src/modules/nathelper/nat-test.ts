import { paramValue } from '../../message/name-addr.ts';
import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import { currentBody } from '../support/body.ts';
import { isPrivate } from './addresses.ts';
import { contactsOf, type NathelperModule } from './instance.ts';
import { connectionAddresses } from './sdp.ts';

const DEFAULT_PORT = 5060;

function plainHost(host: string): string {
  return host.replace(/^\[|\]$/g, '').toLowerCase();
}

function overWebSocket({ from: { socket } }: ScriptContext): boolean {
  return socket.proto === 'ws' || socket.proto === 'wss';
}

/** A request's next hop is not what its Request-URI says; a reply's requester did not stand where its Via says (RFC 3261 §18.2.1, RFC 3581). */
function otherTarget({ message, target }: ScriptContext): boolean {
  if (message.isRequest) {
    const [uri, hop] = [parseUri(target.uri), parseUri(target.dstUri)];
    return uri !== null && hop !== null && (hop.host.toLowerCase() !== uri.host.toLowerCase() || hop.port !== uri.port);
  }
  const via = message.vias[1];
  if (via === undefined) return false;
  const received = paramValue(via.params, 'received');
  const rport = paramValue(via.params, 'rport') ?? '';
  if (received !== undefined && plainHost(received) !== plainHost(via.host)) return true;
  return rport !== '' && Number(rport) !== (via.port || DEFAULT_PORT);
}

/** Tests of nat_uac_test() by their bits (nathelper README). */
const TESTS: readonly (readonly [bit: number, test: (m: NathelperModule, ctx: ScriptContext) => boolean])[] = [
  [1, (m, ctx) => contactsOf(ctx).some(({ uri }) => isPrivate(uri.host, m.allPrivate))],
  [2, (_, { message, from }) => message.topVia !== null && plainHost(message.topVia.host) !== from.ip.toLowerCase()],
  [4, (m, { message }) => isPrivate(message.topVia?.host ?? '', m.allPrivate)],
  [8, (m, ctx) => connectionAddresses(currentBody(ctx)).some((address) => isPrivate(address, m.allPrivate))],
  [16, (_, { message, from }) => (message.topVia?.port || DEFAULT_PORT) !== from.port],
  [32, (m, { from }) => isPrivate(from.ip, m.allPrivate)],
  [64, (_, ctx) => overWebSocket(ctx)],
  [128, (_, ctx) => contactsOf(ctx).some(({ uri }) => (uri.port || DEFAULT_PORT) !== ctx.from.port)],
  [
    256,
    (_, ctx) =>
      connectionAddresses(currentBody(ctx)).some((address) => address.toLowerCase() !== ctx.from.ip.toLowerCase()),
  ],
  [512, (_, ctx) => overWebSocket(ctx) || otherTarget(ctx)],
];

/** Whether one of the tests says that the sender stands behind NAT. */
export function natTest(m: NathelperModule, ctx: ScriptContext, bits: number): boolean {
  return TESTS.some(([bit, test]) => (bits & bit) !== 0 && test(m, ctx));
}
