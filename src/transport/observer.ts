import { errorText } from './errors.ts';
import type { TransportLogger } from './options.ts';
import type { TransportStats } from './stats.ts';
import type { Destination, SendObserver } from './transport.ts';

/** Tells an observer. It is called from socket events, where an exception would end the process: it is counted and logged instead. */
export function tellObserver(
  observer: SendObserver | null,
  code: string,
  destination: Destination,
  host: { readonly stats: TransportStats; readonly log: TransportLogger },
): void {
  try {
    observer?.sendFailed(code, destination);
  } catch (error) {
    host.stats.handlerFailures++;
    const text = error instanceof Error ? (error.stack ?? error.message) : errorText(error);
    host.log(
      'error',
      'TRANSPORT_HANDLER_FAILED',
      `send to ${destination.ip} port ${destination.port} (${code}): ${text}`,
    );
  }
}
