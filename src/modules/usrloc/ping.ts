import type { SipMessage } from '../../message/message.ts';
import type { Binding } from '../../registrar/binding.ts';
import { wayTo } from '../../registrar/lookup.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import type { ListenSocket, Received } from '../../transport/transport.ts';
import type { Location } from './location.ts';

/** Milliseconds that an answer may take. */
const ANSWER = 4000;

/** A request that asks a contact whether it is there. */
export interface Ping {
  readonly method: string;
  /** URI of the From header. */
  readonly from: string;
  /** URI of the To header. */
  readonly to: string;
  /** Socket to send from, null to let the transport choose. */
  readonly socket: ListenSocket | null;
}

/**
 * Asks a contact, on the way that requests to it take; its answer is noted with it.
 * @param answered called with the answer and where it came from; any reply of its own shows that it is there
 */
export function pingContact(
  host: ModuleHost,
  binding: Binding,
  ping: Ping,
  location: Location,
  answered?: (reply: SipMessage, from: Received) => void,
): void {
  const { proxy, random, clock, sender } = host;
  const { nextHop, path } = wayTo(binding, null);
  const began = clock.now();
  proxy.begin(
    {
      method: ping.method,
      ruri: binding.uri,
      nextHop,
      to: ping.to,
      from: ping.from,
      toTag: '',
      fromTag: `${binding.ruid}-${random.token(4)}`,
      callId: `${random.token(8)}@${sender.sockets[0]?.displayHost ?? 'localhost'}`,
      cseq: 1,
      headers: path === '' ? '' : `Route: ${path}\r\n`,
      body: '',
      socket: ping.socket,
      fr: ANSWER,
      frInv: ANSWER,
    },
    {
      final: ({ reply, from }) => {
        if (reply === null || !binding.live) return;
        binding.seen = location.now;
        binding.roundTrip = Math.round((clock.now() - began) * 1000);
        if (from !== null) answered?.(reply, from);
      },
    },
  );
}
