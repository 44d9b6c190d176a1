import { buildResponse } from '../../message/reply.ts';
import { realClock } from '../../time/clock.ts';
import { HashedTimerWheel } from '../../time/hashed-timer-wheel.ts';
import { TransactionLayer } from '../../transaction/transaction-layer.ts';
import type { ListenSpec } from '../../transport/listen.ts';
import type { TransportLogger, TransportOptions } from '../../transport/options.ts';
import { replyDestination } from '../../transport/reply-destination.ts';
import { Resolver, type ResolverSettings } from '../../transport/resolver.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import { TransportLayer } from '../../transport/transport-layer.ts';
import { createRegistrationEngine, type WatchedRegistrationEngine } from './create-engine.ts';
import type { RegistrationSettings } from './settings.ts';

/** What {@link openRegistrations} takes. */
export interface OpenRegistrationsOptions {
  /** Sockets to open, and to register from. */
  readonly listen: readonly ListenSpec[];
  /** Without `contactAddr` Contacts name the first socket. */
  readonly settings?: Omit<RegistrationSettings, 'contactAddr'> & { readonly contactAddr?: string };
  readonly transport?: Omit<TransportOptions, 'listen' | 'log'>;
  readonly resolver?: ResolverSettings;
  readonly log?: TransportLogger;
}

/** An engine with sockets of its own. */
export interface OpenRegistrations {
  readonly engine: WatchedRegistrationEngine;
  readonly sockets: readonly ListenSocket[];
  /** Removes the bindings, then closes the sockets. @param graceMs most milliseconds to wait for the answers */
  close(graceMs: number): Promise<void>;
}

/**
 * Everything that registrations need in a program without a SIP server: sockets, transactions, RFC 3263 and the engine. OPTIONS is answered
 * 200, as registrars ask with it whether we are there; every other request 405.
 * @throws TransportError when a socket cannot be opened; RegistrationError UAC_REG_BAD_SETTING
 */
export async function openRegistrations(options: OpenRegistrationsOptions): Promise<OpenRegistrations> {
  const log = options.log ?? (() => {});
  const wheel = new HashedTimerWheel({ clock: realClock });
  const transport = new TransportLayer({ ...options.transport, listen: options.listen, log });
  const transactions = new TransactionLayer({ sender: transport, wheel });
  await transport.start({
    onMessage(message, from) {
      if (!message.isRequest) transactions.receiveResponse(message, from);
      else if (message.method !== 'ACK') {
        const [status, reason] =
          message.method === 'OPTIONS' ? ([200, 'OK'] as const) : ([405, 'Method Not Allowed'] as const);
        const destination = replyDestination(message, from);
        const text = buildResponse(message, status, reason, { headers: 'Allow: OPTIONS\r\n', toTag: 'registrations' });
        transport.send(text, destination, null);
      }
    },
    onParseFailure() {},
  });
  try {
    const resolver = new Resolver({
      ...options.resolver,
      supports: (proto, family) => transport.socketFor(proto, family, null) !== null,
    });
    const [first] = transport.sockets;
    const engine = createRegistrationEngine({
      settings: { contactAddr: `${first?.displayHost}:${first?.displayPort}`, ...options.settings },
      sender: transport,
      transactions,
      resolver: {
        resolveNow: (uri) => resolver.resolveNow(uri),
        resolve: (uri) => resolver.resolve(uri),
        denied: (target) => resolver.denied(target),
      },
      wheel,
      log,
    });
    return {
      engine,
      sockets: transport.sockets,
      async close(graceMs) {
        await engine.stop(true, graceMs);
        await transport.stop(100);
        wheel.clear();
      },
    };
  } catch (error) {
    await transport.stop(0);
    throw error;
  }
}
