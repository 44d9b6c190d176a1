import assert from 'node:assert/strict';
import type { SipMessage } from '../../src/message/message.ts';
import { ParseFailure, parseMessage } from '../../src/message/parser.ts';
import { type FakeClock, fakeTime } from '../../src/time/fake-clock.ts';
import type { HashedTimerWheel } from '../../src/time/hashed-timer-wheel.ts';
import type { TransactionError } from '../../src/transaction/errors.ts';
import type {
  ClientTransactionHandle,
  ClientTransactionUser,
  ServerTransactionHandle,
  ServerTransactionUser,
} from '../../src/transaction/transaction.ts';
import { TransactionLayer } from '../../src/transaction/transaction-layer.ts';
import type {
  Destination,
  ListenSocket,
  Proto,
  Received,
  SendObserver,
  TransportSender,
} from '../../src/transport/transport.ts';

export function socket(proto: Proto): ListenSocket {
  return {
    index: 0,
    proto,
    address: '192.0.2.1',
    family: 4,
    port: 5060,
    name: '',
    displayHost: '192.0.2.1',
    displayPort: 5060,
  };
}

export const UDP = socket('udp');
export const TCP = socket('tcp');

export function destination(listen: ListenSocket = UDP): Destination {
  return { socket: listen, proto: listen.proto, ip: '198.51.100.7', port: 5060, connection: 0, serverName: '' };
}

export function received(listen: ListenSocket = UDP, at = 0): Received {
  return { socket: listen, ip: '198.51.100.7', port: 5060, connection: listen.proto === 'udp' ? 0 : 1, at };
}

/** Keeps what was sent, with its time; refuses or loses on demand. */
export class FakeSender implements TransportSender {
  readonly sockets = [UDP, TCP];
  readonly sent: { at: number; text: string; to: Destination; observer: SendObserver | null }[] = [];
  refuse = false;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  send(text: string, to: Destination, observer: SendObserver | null): boolean {
    if (this.refuse) return false;
    this.sent.push({ at: this.clock.now(), text, to, observer });
    return true;
  }

  socketFor(): ListenSocket | null {
    return UDP;
  }

  isMyself(): boolean {
    return false;
  }

  /** First lines of what was sent since the last call, with the times in ms: `0 INVITE`, `500 INVITE`, `1500 SIP/2.0 486`. */
  take(): string[] {
    const lines = this.sent.map(({ at, text }) => `${at} ${/^(SIP\/2\.0 \d+|\S+)/.exec(text)?.[0]}`);
    this.sent.length = 0;
    return lines;
  }

  /** The last text sent. */
  get last(): string {
    return this.sent.at(-1)?.text ?? '';
  }
}

/** Writes down what it is told. */
export class RecordingUser implements ClientTransactionUser, ServerTransactionUser {
  readonly log: string[] = [];
  /** Called with each entry, for tests that act from within a callback. */
  hook: ((entry: string, client: ClientTransactionHandle | null) => void) | null = null;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  onResponse(client: ClientTransactionHandle, response: SipMessage): void {
    this.note(`${response.status}`, client);
  }

  onTimeout(client: ClientTransactionHandle, provisional: boolean): void {
    this.note(provisional ? 'timeout after 1xx' : 'timeout', client);
  }

  onSendFailed(client: ClientTransactionHandle, code: string): void {
    this.note(code, client);
  }

  onServerTerminated(server: ServerTransactionHandle): void {
    assert.equal(server.request, null);
    this.note('terminated', null);
  }

  take(): string[] {
    return this.log.splice(0);
  }

  private note(entry: string, client: ClientTransactionHandle | null): void {
    this.log.push(`${this.clock.now()} ${entry}`);
    this.hook?.(entry, client);
  }
}

export interface World {
  readonly clock: FakeClock;
  readonly wheel: HashedTimerWheel;
  readonly sender: FakeSender;
  readonly layer: TransactionLayer;
  readonly user: RecordingUser;
  readonly errors: TransactionError[];
}

/** A transaction layer on a clock that stands at 0 and a transport that only writes down. */
export function world(maxTransactions = 1_000): World {
  const { clock, wheel } = fakeTime();
  const sender = new FakeSender(clock);
  const errors: TransactionError[] = [];
  const layer = new TransactionLayer({ sender, wheel, maxTransactions, onError: (error) => errors.push(error) });
  return { clock, wheel, sender, layer, user: new RecordingUser(clock), errors };
}

export function parse(text: string): SipMessage {
  const message = parseMessage(text);
  if (message instanceof ParseFailure) assert.fail(`${message.code}: ${message.reason}\n${text}`);
  return message;
}

export interface RequestParts {
  readonly method?: string;
  readonly ruri?: string;
  readonly via?: string;
  readonly branch?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly proto?: string;
}

export function requestText(parts: RequestParts = {}): string {
  const { method = 'INVITE', branch = 'z9hG4bKabc.1', toTag = '', proto = 'UDP' } = parts;
  const via = parts.via ?? `SIP/2.0/${proto} client.example.com:5060;branch=${branch}`;
  return (
    `${method} ${parts.ruri ?? 'sip:bob@example.com'} SIP/2.0\r\n` +
    `Via: ${via}\r\n` +
    'Max-Forwards: 70\r\n' +
    `From: <sip:alice@example.com>;tag=${parts.fromTag ?? 'alice1'}\r\n` +
    `To: <sip:bob@example.com>${toTag === '' ? '' : `;tag=${toTag}`}\r\n` +
    `Call-ID: ${parts.callId ?? 'call-1@example.com'}\r\n` +
    `CSeq: ${parts.cseq ?? 1} ${method}\r\n` +
    'Content-Length: 0\r\n\r\n'
  );
}

export function request(parts: RequestParts = {}): SipMessage {
  return parse(requestText(parts));
}

/** A response to a request with the same parts. */
export function responseText(status: number, parts: RequestParts = {}, toTag = 'bob1'): string {
  return requestText({ ...parts, toTag: status === 100 ? '' : toTag }).replace(
    /^.*\r\n/,
    `SIP/2.0 ${status} Reason\r\n`,
  );
}

export function response(status: number, parts: RequestParts = {}, toTag = 'bob1'): SipMessage {
  return parse(responseText(status, parts, toTag));
}
