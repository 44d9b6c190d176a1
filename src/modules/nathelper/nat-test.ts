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

/** Tests of nat_uac_test() by their bits (nathelper README). */
const TESTS: readonly (readonly [bit: number, test: (m: NathelperModule, ctx: ScriptContext) => boolean])[] = [
  [1, (m, ctx) => contactsOf(ctx).some(({ uri }) => isPrivate(uri.host, m.allPrivate))],
  [2, (_, { message, from }) => message.topVia !== null && plainHost(message.topVia.host) !== from.ip.toLowerCase()],
  [4, (m, { message }) => isPrivate(message.topVia?.host ?? '', m.allPrivate)],
  [8, (m, ctx) => connectionAddresses(currentBody(ctx)).some((address) => isPrivate(address, m.allPrivate))],
  [16, (_, { message, from }) => (message.topVia?.port || DEFAULT_PORT) !== from.port],
  [32, (m, { from }) => isPrivate(from.ip, m.allPrivate)],
  [64, (_, { from: { socket } }) => socket.proto === 'ws' || socket.proto === 'wss'],
  [128, (_, ctx) => contactsOf(ctx).some(({ uri }) => (uri.port || DEFAULT_PORT) !== ctx.from.port)],
  [
    256,
    (_, ctx) =>
      connectionAddresses(currentBody(ctx)).some((address) => address.toLowerCase() !== ctx.from.ip.toLowerCase()),
  ],
  [
    512,
    ({ host }, { message }) => {
      const uri = message.isRequest ? parseUri(message.requestUri) : null;
      return uri !== null && uri.host !== '' && host.sender.isMyself(uri.host, uri.port);
    },
  ],
];

/** Whether one of the tests says that the sender stands behind NAT. */
export function natTest(m: NathelperModule, ctx: ScriptContext, bits: number): boolean {
  return TESTS.some(([bit, test]) => (bits & bit) !== 0 && test(m, ctx));
}
