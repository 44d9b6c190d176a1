/**
 * A registrar that does what a test says and writes down every REGISTER: plain sockets and texts, as {@link SipPeer}, so that it can be silent,
 * lose datagrams, go away and come back, and answer nonsense.
 */
import { createSocket, type Socket } from 'node:dgram';
import { authParameters, expectedResponse } from '../scenario/digest-oracle.ts';
import { freePort } from './ports.ts';
import { RegisterLog } from './register-log.ts';
import { SipText } from './sip-text.ts';

/** A REGISTER as a script sees it. */
export interface Register {
  readonly message: SipText;
  /** User part of the To. */
  readonly account: string;
  /** How many REGISTERs of this account came before, retransmissions not counted. */
  readonly earlier: number;
  /** Its credentials prove the password for the nonce, whatever that is. */
  readonly proven: boolean;
  /** Seconds asked for: the Contact's expires, else the Expires header, else -1. */
  readonly expires: number;
}

/** What goes back; null for nothing. */
export interface Answer {
  readonly status: number;
  readonly reason?: string;
  /** Full header lines without line ends. */
  readonly headers?: readonly string[];
  /** Milliseconds until it leaves. */
  readonly delay?: number;
}

export type Script = (register: Register, registrar: ScriptedRegistrar) => Answer | null;

/** Settings of a registrar; nothing is needed. */
export interface ScriptedOptions {
  readonly host?: string;
  readonly port?: number;
  readonly realm?: string;
  /** One for all accounts. Default `secret`. */
  readonly password?: string;
  readonly script?: Script;
  /** Seeds the choice of what is lost. */
  readonly seed?: number;
}

/** A challenge. */
export interface ChallengeParts {
  readonly status?: 401 | 407;
  readonly stale?: boolean;
  readonly algorithm?: string;
  /** Empty for a challenge of RFC 2069. */
  readonly qop?: string;
  readonly nonce?: string;
  readonly realm?: string;
}

/** Small and repeatable (mulberry32). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A registrar with a script. Without one it challenges with 401 and grants what is asked for. */
export class ScriptedRegistrar {
  readonly host: string;
  readonly realm: string;
  readonly log = new RegisterLog();
  /** Of 100 datagrams, how many are lost, each way. */
  loss = 0;
  port: number;
  private readonly password: string;
  private readonly chance: () => number;
  private standard: Script;
  /** Answers that wait for an account, one for each REGISTER, before the script is asked. */
  private readonly queued = new Map<string, (Answer | null | Script)[]>();
  /** What a request was answered, by branch: a retransmission gets it again. */
  private readonly answered = new Map<string, string | null>();
  private readonly earlier = new Map<string, number>();
  private readonly bindings = new Map<string, number>();
  private socket: Socket | null = null;
  private serial = 0;

  private constructor(port: number, options: ScriptedOptions) {
    this.host = options.host ?? '127.0.0.1';
    this.port = port;
    this.realm = options.realm ?? 'carrier.test';
    this.password = options.password ?? 'secret';
    this.chance = dice(options.seed ?? 1);
    this.standard = options.script ?? TRUNK;
  }

  static async open(options: ScriptedOptions = {}): Promise<ScriptedRegistrar> {
    const registrar = new ScriptedRegistrar(options.port ?? (await freePort(options.host)), options);
    await registrar.comeBack();
    return registrar;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get uri(): string {
    return `sip:${this.address}`;
  }

  /** From now on this answers what nothing is queued for. */
  behave(script: Script): void {
    this.standard = script;
  }

  /** The next REGISTERs of one account (`*`: of any) are answered with these, one each; then the script goes on. */
  next(account: string, ...answers: readonly (Answer | null | Script)[]): void {
    const list = this.queued.get(account);
    if (list === undefined) this.queued.set(account, [...answers]);
    else list.push(...answers);
  }

  /** Whether a granted binding has not run out. */
  holds(account: string): boolean {
    return (this.bindings.get(account) ?? 0) > performance.now();
  }

  /** How many accounts are bound now. */
  get bound(): number {
    return [...this.bindings.keys()].filter((account) => this.holds(account)).length;
  }

  /** Forgets every binding, as a registrar does that was restarted without a store. */
  forget(): void {
    this.bindings.clear();
  }

  /** Closes the socket: what is sent here is refused by the system. */
  async leave(): Promise<void> {
    const { socket } = this;
    this.socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** Opens it again, on another port when one is given. */
  async comeBack(port = this.port): Promise<void> {
    this.port = port;
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    socket.on('message', (data, from) => this.receive(data.toString('latin1'), from.port, from.address));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port, address: this.host, exclusive: true }, () => {
        socket.removeListener('error', reject);
        socket.on('error', () => {});
        resolve();
      });
    });
    this.socket = socket;
  }

  /** A challenge as an answer. */
  challenge(parts: ChallengeParts = {}): Answer {
    const { status = 401, stale = false, algorithm = 'MD5', qop = 'auth', realm = this.realm } = parts;
    const nonce = parts.nonce ?? `n${++this.serial}`;
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const value = `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}${qop === '' ? '' : `, qop="${qop}"`}${stale ? ', stale=true' : ''}`;
    return {
      status,
      reason: status === 401 ? 'Unauthorized' : 'Proxy Authentication Required',
      headers: [`${name}: ${value}`],
    };
  }

  /** A 200 with the Contacts of the request as granted; also keeps the binding. */
  accept(register: Register, granted = register.expires < 0 ? 3600 : register.expires): Answer {
    this.bind(register.account, granted);
    if (granted === 0) return { status: 200, reason: 'OK' };
    const contacts = register.message
      .all('Contact')
      .map((contact) => `Contact: ${contact.replace(/;expires=\d+/i, '')};expires=${granted}`);
    return { status: 200, reason: 'OK', headers: contacts };
  }

  /** Keeps a binding for some seconds, for scripts with an answer of their own. */
  bind(account: string, seconds: number): void {
    if (seconds === 0) this.bindings.delete(account);
    else this.bindings.set(account, performance.now() + seconds * 1000);
  }

  private receive(text: string, port: number, address: string): void {
    const lost = this.chance() * 100 < this.loss;
    const message = new SipText(text);
    if (message.method !== 'REGISTER' || !message.isRequest) return;
    const account = /^sips?:([^@;]*)@/i.exec(message.uriOf('To'))?.[1] ?? '';
    const again = this.answered.has(message.branch);
    this.log.add(message, account, port, lost);
    if (lost) return;
    if (again) {
      const before = this.answered.get(message.branch);
      if (before !== null && before !== undefined) this.deliver(before, port, address);
      return;
    }
    this.answered.set(message.branch, null);
    const earlier = this.earlier.get(account) ?? 0;
    this.earlier.set(account, earlier + 1);
    const register: Register = { message, account, earlier, proven: this.proves(message), expires: expiresOf(message) };
    const planned = this.queued.get(account)?.shift() ?? this.queued.get('*')?.shift();
    const chosen = planned === undefined ? this.standard : planned;
    const answer = typeof chosen === 'function' ? chosen(register, this) : chosen;
    if (answer === null) return;
    const reply = replyText(message, answer, address, port, ++this.serial);
    const send = (): void => {
      this.answered.set(message.branch, reply);
      this.deliver(reply, port, address);
    };
    if (answer.delay === undefined) send();
    else setTimeout(send, answer.delay).unref();
  }

  private deliver(text: string, port: number, address: string): void {
    if (this.chance() * 100 < this.loss) return;
    this.socket?.send(Buffer.from(text, 'latin1'), port, address);
  }

  private proves(message: SipText): boolean {
    return [...message.all('Authorization'), ...message.all('Proxy-Authorization')].some((value) => {
      const parameters = authParameters(value);
      return parameters.get('response') === expectedResponse(parameters, this.password, 'REGISTER', message.body);
    });
  }
}

/** Challenges what brings no right credentials, accepts the rest, with any nonce of its own. */
export const TRUNK: Script = (register, registrar) =>
  register.proven ? registrar.accept(register) : registrar.challenge();

/** Accepts everything, without a challenge. */
export const OPEN: Script = (register, registrar) => registrar.accept(register);

/** Never answers. */
export const SILENT: Script = () => null;

function expiresOf(message: SipText): number {
  const own = /;\s*expires=(\d+)/i.exec(message.header('Contact'))?.[1] ?? message.header('Expires');
  return own === '' ? -1 : Number(own);
}

function replyText(request: SipText, answer: Answer, address: string, port: number, serial: number): string {
  const [top = '', ...others] = request.all('Via');
  const via = /;rport(?!=)/i.test(top) ? `${top.replace(/;rport(?!=)/i, `;rport=${port}`)};received=${address}` : top;
  const to = request.header('To');
  return [
    `SIP/2.0 ${answer.status} ${answer.reason ?? 'Answer'}`,
    `Via: ${via}`,
    ...others.map((value) => `Via: ${value}`),
    `From: ${request.header('From')}`,
    `To: ${request.tag('To') === '' ? `${to};tag=r${serial}` : to}`,
    `Call-ID: ${request.callId}`,
    `CSeq: ${request.header('CSeq')}`,
    ...(answer.headers ?? []),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
