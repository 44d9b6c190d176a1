import { setTimeout as delay } from 'node:timers/promises';
import type { SipMessage } from '../../src/message/message.ts';
import { ParseFailure, parseMessage } from '../../src/message/parser.ts';
import {
  type Destination,
  type ListenSpec,
  type Proto,
  type Received,
  type SendObserver,
  TransportLayer,
  type TransportOptions,
  type TransportUser,
} from '../../src/transport/index.ts';

/** A valid request. @param extra further header lines, each with its CRLF; @param body its length is added */
export function request(
  method = 'OPTIONS',
  callId = 'call-1',
  via = 'UDP 127.0.0.1:5060',
  extra = '',
  body = '',
): string {
  return [
    `${method} sip:bob@example.com SIP/2.0\r\n`,
    `Via: SIP/2.0/${via};branch=z9hG4bK${callId}\r\n`,
    'From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\n',
    `Call-ID: ${callId}\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${extra}`,
    `Content-Length: ${body.length}\r\n\r\n${body}`,
  ].join('');
}

/** The same, parsed. */
export function parsed(text: string): SipMessage {
  const message = parseMessage(text);
  if (message instanceof ParseFailure) throw new Error(`${message.code} ${message.reason}`);
  return message;
}

/** A transport user that keeps what it is told. */
export class RecordingUser implements TransportUser {
  readonly messages: { readonly message: SipMessage; readonly from: Received }[] = [];
  readonly failures: { readonly failure: ParseFailure; readonly from: Received }[] = [];
  readonly closed: number[] = [];
  /** Called after a message was kept. */
  onEach: ((message: SipMessage, from: Received) => void) | null = null;

  onMessage(message: SipMessage, from: Received): void {
    this.messages.push({ message, from });
    this.onEach?.(message, from);
  }

  onParseFailure(failure: ParseFailure, from: Received): void {
    this.failures.push({ failure, from });
  }

  onConnectionClosed(connection: number): void {
    this.closed.push(connection);
  }

  get callIds(): string[] {
    return this.messages.map(({ message }) => message.callId);
  }
}

/** A send observer that keeps the codes. */
export class RecordingObserver implements SendObserver {
  readonly codes: string[] = [];
  sendFailed(code: string, _destination: Destination): void {
    this.codes.push(code);
  }
}

/** A started layer with its user. */
export interface Node {
  readonly layer: TransportLayer;
  readonly user: RecordingUser;
  readonly log: string[];
}

/** Starts a layer on loopback; stop it at the end of the test. */
export async function node(
  listen: readonly ListenSpec[],
  options: Omit<TransportOptions, 'listen'> = {},
): Promise<Node> {
  const log: string[] = [];
  const user = new RecordingUser();
  const layer = new TransportLayer({
    listen,
    log: (level, code, text) => log.push(`${level} ${code} ${text}`),
    ...options,
  });
  await layer.start(user);
  return { layer, user, log };
}

/** A listen line on any free port. */
export function listenOn(proto: Proto, host = '127.0.0.1'): ListenSpec {
  return { proto, host, port: 0 };
}

/** The destination that reaches `to` from `from`. */
export function destination(from: Node, to: Node, proto: Proto, family: 4 | 6 = 4, serverName = ''): Destination {
  const socket = from.layer.socketFor(proto, family, null);
  const remote = to.layer.socketFor(proto, family, null);
  if (socket === null || remote === null) throw new Error(`no ${proto} socket`);
  return { socket, proto, ip: remote.address, port: remote.port, connection: 0, serverName };
}

/** Waits until a condition holds. @throws after `limit` milliseconds */
export async function until(condition: () => boolean, what = 'condition', limit = 5000): Promise<void> {
  const deadline = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for: ${what}`);
    await delay(2);
  }
}
