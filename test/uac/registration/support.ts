/** An engine on a fake clock, real transactions and registrars made of a function. */
import assert from 'node:assert/strict';
import { HDR_CONTACT, HDR_EXPIRES } from '../../../src/message/header-name.ts';
import type { SipMessage } from '../../../src/message/message.ts';
import { ParseFailure, parseMessage } from '../../../src/message/parser.ts';
import { buildResponse } from '../../../src/message/reply.ts';
import type { SipUri } from '../../../src/message/uri.ts';
import type { ResolvedTarget } from '../../../src/proxy/next-hop.ts';
import { CallbackTimer } from '../../../src/time/callback-timer.ts';
import { type FakeClock, fakeTime } from '../../../src/time/fake-clock.ts';
import type { HashedTimerWheel } from '../../../src/time/hashed-timer-wheel.ts';
import { seededRandom } from '../../../src/time/random.ts';
import { TransactionLayer } from '../../../src/transaction/transaction-layer.ts';
import type { Destination, ListenSocket, SendObserver, TransportSender } from '../../../src/transport/transport.ts';
import type { AccountRow } from '../../../src/uac/registration/account-row.ts';
import {
  createRegistrationEngine,
  type WatchedRegistrationEngine,
} from '../../../src/uac/registration/create-engine.ts';
import type { RegistrationEvent, RegistrationView } from '../../../src/uac/registration/engine.ts';
import type { RegistrationSettings } from '../../../src/uac/registration/settings.ts';

export function socket(proto: 'udp' | 'tcp', port = 5060): ListenSocket {
  const address = '192.0.2.1';
  return { index: 0, proto, address, family: 4, port, name: '', displayHost: address, displayPort: port };
}

const SOCKETS = [socket('udp'), socket('tcp'), socket('udp', 5080)];

/** An account that registers at `registrar`. */
export function row(uuid = 'u1', over: Partial<AccountRow> = {}): AccountRow {
  return {
    uuid,
    localUser: `l-${uuid}`,
    localDomain: 'l.dom',
    remoteUser: `r-${uuid}`,
    remoteDomain: 'r.dom',
    realm: '',
    authUser: `a-${uuid}`,
    authPassword: 'secret',
    authHa1: '',
    proxy: 'sip:198.51.100.1:5060',
    expires: 3600,
    flags: 0,
    delay: 0,
    contactAddr: '',
    contactUser: '',
    socket: '',
    ...over,
  };
}

/** A REGISTER that left, with what registrars look at. */
export class Request {
  readonly message: SipMessage;
  readonly to: Destination;
  readonly at: number;
  constructor(message: SipMessage, to: Destination, at: number) {
    this.message = message;
    this.to = to;
    this.at = at;
  }
  header(name: string): string {
    const [found] = this.message.findByName(name);
    return found === undefined ? '' : this.message.valueOf(found);
  }
  get contact(): string {
    return this.message.value(HDR_CONTACT) ?? '';
  }
  get expires(): number {
    return Number(this.message.value(HDR_EXPIRES));
  }
  get cseq(): number {
    return this.message.cseq?.seq ?? 0;
  }
  get authorization(): string {
    return this.header('Authorization');
  }
  /** A parameter of Authorization (or of the header named). */
  auth(name: string, header = 'Authorization'): string {
    return new RegExp(`${name}="?([^",]*)`).exec(this.header(header))?.[1] ?? '';
  }
}

/** What a registrar answers; null for silence. */
export interface Reply {
  readonly status: number;
  readonly headers?: readonly string[];
  /** Milliseconds until it arrives. Default 5. */
  readonly after?: number;
  /** Via parameters to add, as a server behind which a NAT is. */
  readonly via?: string;
}
export type Registrar = (request: Request, count: number) => Reply | null;

/** 200 with our Contact, for as long as asked or as said. */
export function grant(request: Request, seconds = request.expires, ...headers: readonly string[]): Reply {
  const contact = request.expires === 0 ? [] : [`Contact: ${request.contact.split(', ')[0]};expires=${seconds}`];
  return { status: 200, headers: [...contact, ...headers] };
}

/** Grants whatever is asked for. */
export const granting: Registrar = (request) => grant(request);

export function challenge(params: string, status = 401): Reply {
  const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  return { status, headers: [`${name}: Digest ${params}`] };
}

/** Challenges whoever has no credentials of this nonce, and grants. */
export function challenging(params = 'realm="r", nonce="n1", qop="auth"', seconds?: number): Registrar {
  return (request) => (request.authorization === '' ? challenge(params) : grant(request, seconds));
}

/** A connection of a {@link Harness} with streams. */
export interface Stream {
  readonly id: number;
  readonly to: Destination;
  pongs: number;
  /** Its peer answers keepalives. */
  answers: boolean;
}

/** Everything around an engine. */
export class Harness {
  readonly engine: WatchedRegistrationEngine;
  readonly clock: FakeClock;
  private readonly wheel: HashedTimerWheel;
  readonly requests: Request[] = [];
  readonly events: RegistrationEvent[] = [];
  readonly log: string[] = [];
  /** Keepalives that left. */
  readonly pings: { readonly at: number; readonly to: Destination }[] = [];
  readonly denied: string[] = [];
  /** By `ip:port`; the empty name is everybody else's. */
  readonly registrars = new Map<string, Registrar>();
  /** By host; null for a name server that does not answer. */
  readonly names = new Map<string, readonly ResolvedTarget[] | null>();
  /** Retransmissions that left. */
  repeats = 0;
  /** Milliseconds added to the wall clock. */
  step = 0;
  /** Error code of sends to `ip:port`. */
  readonly broken = new Map<string, string>();
  readonly transactions: TransactionLayer;
  /** The watchdog must have nothing to do. */
  watched = true;
  private readonly seen = new Set<string>();
  /** The stream to each `ip:port`: a REGISTER by TCP opens one. Null where streams are not known to the sender. */
  readonly streams: Map<string, Stream> | null;
  private connections = 0;

  constructor(registrar: Registrar, settings: Partial<RegistrationSettings> = {}, seed = 1, streams = false) {
    this.streams = streams ? new Map() : null;
    const { clock, wheel } = fakeTime();
    this.clock = clock;
    this.wheel = wheel;
    this.registrars.set('', registrar);
    const sender: TransportSender = {
      sockets: SOCKETS,
      send: (text, to, observer) => this.send(text, to, observer),
      socketFor: (proto, family, preferred) =>
        preferred?.proto === proto && preferred.family === family
          ? preferred
          : (SOCKETS.find((one) => one.proto === proto && one.family === family) ?? null),
      isMyself: () => false,
      ...(streams ? this.streamSide() : {}),
    };
    this.transactions = new TransactionLayer({
      sender,
      wheel,
      onError: (error) => {
        throw error;
      },
    });
    this.engine = createRegistrationEngine({
      settings: { contactAddr: '192.0.2.1:5060', ...settings },
      sender,
      transactions: this.transactions,
      wheel,
      clock: { now: () => clock.now(), wall: () => clock.wall() + this.step },
      random: seededRandom(seed),
      resolver: {
        resolveNow: (uri) => this.resolveNow(uri),
        resolve: async (uri) => {
          const found = this.names.get(uri.host);
          if (found === null || found === undefined) throw new Error('DNS_TIMEOUT');
          return found;
        },
        denied: ({ ip, port }) => this.denied.push(`${ip}:${port}`),
      },
      log: (level, code, text) => this.log.push(`${level} ${code} ${text}`),
    });
    this.engine.onChange((event) => this.events.push(event));
  }

  /** Cached names are resolved at once; others need {@link settle}. */
  cached = true;

  private resolveNow(uri: SipUri): readonly ResolvedTarget[] | null {
    if (/^[\d.]+$/.test(uri.host)) {
      const proto = uri.transport === 'tcp' ? 'tcp' : 'udp';
      return [{ proto, ip: uri.host, port: uri.port || 5060, serverName: '' }];
    }
    return this.cached ? (this.names.get(uri.host) ?? null) : null;
  }

  private streamSide(): Partial<TransportSender> {
    const by = (id: number): Stream | undefined => [...(this.streams?.values() ?? [])].find((one) => one.id === id);
    return {
      connectionTo: ({ ip, port }) => this.streams?.get(`${ip}:${port}`)?.id ?? 0,
      pingConnection: (id) => {
        const stream = by(id);
        if (stream === undefined) return false;
        this.pings.push({ at: this.clock.now(), to: stream.to });
        if (stream.answers) stream.pongs++;
        return true;
      },
      connectionPongs: (id) => by(id)?.pongs ?? -1,
      closeConnection: (id) => {
        const stream = by(id);
        return stream !== undefined && this.streams?.delete(`${stream.to.ip}:${stream.to.port}`) === true;
      },
    };
  }

  private send(text: string, to: Destination, observer: SendObserver | null): boolean {
    if (text === '\r\n\r\n') {
      this.pings.push({ at: this.clock.now(), to });
      return true;
    }
    const message = parseMessage(text);
    assert.ok(!(message instanceof ParseFailure), `a REGISTER that cannot be parsed:\n${text}`);
    const key = `${message.topVia?.branch}`;
    if (this.seen.has(key)) this.repeats++;
    const first = !this.seen.has(key);
    this.seen.add(key);
    const address = `${to.ip}:${to.port}`;
    const code = this.broken.get(address);
    if (code !== undefined) {
      observer?.sendFailed(code, to);
      return true;
    }
    if (to.proto === 'tcp' && this.streams !== null && !this.streams.has(address))
      this.streams.set(address, { id: ++this.connections, to, pongs: 0, answers: true });
    const request = new Request(message, to, this.clock.now());
    if (first) this.requests.push(request);
    const registrar = this.registrars.get(address) ?? this.registrars.get('');
    const reply = registrar?.(request, this.requests.length) ?? null;
    if (reply === null) return true;
    const arrive = new CallbackTimer(() => {
      this.deliver(request, reply);
      this.watch();
    });
    this.wheel.start(arrive, reply.after ?? 5);
    return true;
  }

  /** Moves the clock; the watchdog looks after every step. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.watch();
  }

  private watch(): void {
    if (this.watched) assert.deepEqual(this.engine.assertAlive(), [], 'an account that nothing would move');
  }

  /** Lets promises of the resolver come to their end. */
  async settle(): Promise<void> {
    await new Promise(setImmediate);
    this.advance(20);
  }

  private deliver({ message, to }: Request, { status, headers = [], via = '' }: Reply): void {
    let text = buildResponse(message, status, 'Reason', {
      headers: headers.map((line) => `${line}\r\n`).join(''),
      toTag: 't',
    });
    if (via !== '') text = text.replace(/;rport/, via);
    const response = parseMessage(text);
    assert.ok(!(response instanceof ParseFailure), text);
    this.transactions.receiveResponse(response, {
      socket: to.socket,
      ip: to.ip,
      port: to.port,
      connection: 0,
      at: this.clock.now(),
    });
  }

  view(uuid = 'u1'): RegistrationView {
    const view = this.engine.find('l_uuid', uuid);
    assert.ok(view !== null, `${uuid} is unknown`);
    return view;
  }

  /** States that the account went through. */
  story(uuid = 'u1'): string[] {
    return this.events.filter(({ account }) => account.row.uuid === uuid).map(({ to }) => to);
  }

  get last(): Request {
    const last = this.requests.at(-1);
    assert.ok(last !== undefined, 'nothing was sent');
    return last;
  }

  /** Seconds until the next attempt. */
  nextIn(uuid = 'u1'): number {
    return this.view(uuid).nextAttempt - (this.clock.wall() + this.step) / 1000;
  }
}
