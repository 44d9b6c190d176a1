import type { Destination, ListenSocket, SendObserver } from './transport.ts';

/**
 * The text of a request moved from UDP to a stream: its top Via names the new transport, and the new socket's host and port where
 * it named the old one's (RFC 3261 §18.1.1: "the value in the top Via MUST be changed").
 * @returns null when the top Via is not one that we wrote for `from`
 */
export function moveTopVia(text: string, from: ListenSocket, to: ListenSocket): string | null {
  const headers = text.indexOf('\r\n');
  const via = /\r\n(?:via|v)[ \t]*:[ \t]*SIP\/2\.0\/(UDP)[ \t]+([^\s;,]+)/i.exec(text.slice(headers, headers + 4096));
  if (via === null) return null;
  const [matched, transport, sentBy] = via;
  const wrote = `${from.displayHost}:${from.displayPort}`;
  if (transport === undefined || (sentBy !== wrote && sentBy !== from.displayHost)) return null;
  const start = headers + via.index;
  const moved = `${matched.slice(0, matched.lastIndexOf('/') + 1)}${to.proto.toUpperCase()} ${to.displayHost}:${to.displayPort}`;
  return text.slice(0, start) + moved + text.slice(start + matched.length);
}

/** True when the text is a request: only those move (a reply follows its request), and CANCEL and ACK follow theirs. */
export function mayMove(text: string): boolean {
  return !text.startsWith('SIP/2.0 ') && !text.startsWith('ACK ') && !text.startsWith('CANCEL ');
}

interface DatagramSender {
  sendDatagram(text: string, destination: Destination, observer: SendObserver | null): boolean;
}

/**
 * Waits for a request that was moved to a stream: when the stream cannot be opened, the request goes by UDP after all
 * (RFC 3261 §18.1.1: the client SHOULD retry over UDP, for servers that know no TCP).
 */
export class MtuFallback implements SendObserver {
  private readonly text: string;
  private readonly destination: Destination;
  private readonly observer: SendObserver | null;
  private readonly sender: DatagramSender;

  constructor(text: string, destination: Destination, observer: SendObserver | null, sender: DatagramSender) {
    this.text = text;
    this.destination = destination;
    this.observer = observer;
    this.sender = sender;
  }

  sendFailed(code: string): void {
    const { observer, destination } = this;
    if (!this.sender.sendDatagram(this.text, destination, observer)) observer?.sendFailed(code, destination);
  }
}
