import { Authenticator, type Proven, type Rejected } from '../../digest/authenticator.ts';
import { type DigestAlgorithmName, LocalNonceUses, NonceMint, Secret } from '../../digest/index.ts';
import { parseCredentials } from '../../message/auth-header.ts';
import { type ContactSet, deltaSeconds, messageContacts } from '../../message/contact.ts';
import { detach } from '../../message/detach.ts';
import { EditList } from '../../message/edits.ts';
import { HDR_AUTHORIZATION, HDR_EXPIRES, HDR_PROXY_AUTHORIZATION, type HeaderId } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_ACK, M_OPTIONS, M_REGISTER } from '../../message/method.ts';
import { addReceivedRport, buildResponse } from '../../message/serializer.ts';
import { parseUri } from '../../message/uri.ts';
import { realClock } from '../../time/clock.ts';
import { DEFAULT_TIMERS, type ServerTransactionHandle } from '../../transaction/transaction.ts';
import { replyDestination } from '../../transport/reply-destination.ts';
import type { Received } from '../../transport/transport.ts';
import { type Binding, type BindingChange, Bindings } from './bindings.ts';
import { Endpoint, type EndpointUser, type Trace } from './endpoint.ts';

/** How the simulated registrar behaves. */
export interface RegistrarOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  readonly realm: string;
  /** Password of a digest user, undefined for one that is not known. */
  readonly passwordOf: (user: string) => string | undefined;
  /** `www` challenges with 401, `proxy` with 407, `none` lets everybody in. */
  readonly challenge: 'www' | 'proxy' | 'none';
  /** Offered in this order (RFC 8760 §2.4); default MD5. */
  readonly algorithms?: readonly DigestAlgorithmName[];
  /** Default `auth`. */
  readonly qop?: readonly ('auth' | 'auth-int')[];
  /** Milliseconds for which a nonce may be used; default 300 000. */
  readonly nonceLifetime?: number;
  /** Hands out the nonce for the next request with each 200 (RFC 7616 §3.5). */
  readonly nextNonce?: boolean;
  /** Seconds: below the first 423, above the second less is granted; the third is granted when nothing is asked for. Defaults 1, 86 400, 3600. */
  readonly minExpires?: number;
  readonly maxExpires?: number;
  readonly defaultExpires?: number;
  /** Told what happens, one line each. */
  readonly log: (line: string) => void;
  /** Shown every message. */
  readonly trace?: Trace;
}

/** What has come and gone since the start. Requests are counted once, however often they were sent. */
export interface RegistrarCounts {
  requests: number;
  retransmissions: number;
  /** Answered with 401 or 407; `stale` is the part of them whose digest was right. */
  challenged: number;
  stale: number;
  /** Let in at the first try, with a nonce used before. */
  nonceReused: number;
  added: number;
  refreshed: number;
  removed: number;
  /** 423. */
  tooBrief: number;
  /** Any other refusal. */
  refused: number;
}

/** A registrar to try registrations on without a carrier (RFC 3261 §10.3). */
export class RegistrarSimulator implements EndpointUser {
  readonly endpoint: Endpoint;
  readonly counts: RegistrarCounts = {
    requests: 0,
    retransmissions: 0,
    challenged: 0,
    stale: 0,
    nonceReused: 0,
    added: 0,
    refreshed: 0,
    removed: 0,
    tooBrief: 0,
    refused: 0,
  };
  private readonly options: RegistrarOptions;
  private readonly authenticator: Authenticator | null;
  private readonly uses = new LocalNonceUses();
  private readonly bindings = new Bindings(realClock);

  constructor(options: RegistrarOptions) {
    const { algorithms, qop, nonceLifetime } = options;
    this.options = options;
    this.endpoint = new Endpoint(options.host, options.port, options.trace);
    this.authenticator =
      options.challenge === 'none'
        ? null
        : new Authenticator({
            realm: options.realm,
            hop: options.challenge,
            nonces: new NonceMint(nonceLifetime === undefined ? {} : { lifetimeMs: nonceLifetime }),
            ...(algorithms === undefined ? {} : { algorithms }),
            ...(qop === undefined ? {} : { qop }),
          });
  }

  async start(): Promise<void> {
    await this.endpoint.start(this);
  }

  async stop(): Promise<void> {
    await this.endpoint.stop();
  }

  get address(): string {
    return this.endpoint.address;
  }

  /** Addresses of record that are registered now. */
  get registered(): number {
    return this.bindings.size;
  }

  /** Contacts of an address of record, `user@host`. */
  contactsOf(aor: string): readonly Binding[] {
    return this.bindings.of(aor);
  }

  onStrayReply(): void {}

  onRequest(message: SipMessage, from: Received): void {
    const { transactions } = this.endpoint;
    if (transactions.matchRequest(message, from).kind === 'absorbed') {
      if (message.methodId === M_REGISTER) this.counts.retransmissions++;
      return;
    }
    if (message.methodId === M_ACK) return;
    const server = transactions.createServer(message, from, { onServerTerminated() {} }, DEFAULT_TIMERS);
    if (typeof server === 'string') return;
    if (message.methodId === M_REGISTER) this.register(server, message);
    else if (message.methodId === M_OPTIONS) this.respond(server, message, 200, 'OK');
    else this.respond(server, message, 405, 'Method Not Allowed', 'Allow: REGISTER, OPTIONS\r\n');
  }

  private register(server: ServerTransactionHandle, message: SipMessage): void {
    this.counts.requests++;
    const aor = aorOf(message);
    const contacts = messageContacts(message);
    if (aor === null || contacts === null || message.cseq === null) {
      this.refuse(server, message, 400, 'Bad Request');
      return;
    }
    const proven = this.admits(server, message, aor);
    if (proven === false) return;
    const changes = this.changes(message, aor, contacts);
    if (changes === null) {
      this.refuse(server, message, 400, 'Bad Request');
      return;
    }
    const { minExpires = 1, log } = this.options;
    if (changes.some(({ seconds }) => seconds !== 0 && seconds < minExpires)) {
      this.counts.tooBrief++;
      log(`${aor}: 423, less than ${minExpires} s asked for`);
      this.respond(server, message, 423, 'Interval Too Brief', `Min-Expires: ${minExpires}\r\n`);
      return;
    }
    const outcome = this.bindings.apply(aor, changes, detach(message.callId), message.cseq.seq);
    if (outcome === null) {
      this.refuse(server, message, 500, 'CSeq Out Of Order');
      return;
    }
    this.counts.added += outcome.added;
    this.counts.refreshed += outcome.refreshed;
    this.counts.removed += outcome.removed;
    log(`${aor}: 200, ${this.bindings.of(aor).length} contact(s)`);
    this.respond(server, message, 200, 'OK', this.contactLines(aor) + this.authenticationInfo(proven));
  }

  /** @returns the credentials that let it in, null when none are needed, false when it was answered */
  private admits(server: ServerTransactionHandle, message: SipMessage, aor: string): Proven | null | false {
    const { authenticator, options } = this;
    if (authenticator === null) return null;
    const id: HeaderId = options.challenge === 'www' ? HDR_AUTHORIZATION : HDR_PROXY_AUTHORIZATION;
    const credentials = message.findAll(id).flatMap((header) => parseCredentials(message.valueOf(header)));
    const verdict = authenticator.verify(
      { credentials, method: message.method, body: message.body },
      ({ username }) => {
        const password = options.passwordOf(username);
        return password === undefined ? undefined : { secret: new Secret(password), ha1: false };
      },
      this.uses,
    );
    if (verdict.ok) {
      if (verdict.use.nc > 1) this.counts.nonceReused++;
      return verdict;
    }
    this.challenge(server, message, aor, authenticator, verdict);
    return false;
  }

  private challenge(
    server: ServerTransactionHandle,
    message: SipMessage,
    aor: string,
    authenticator: Authenticator,
    verdict: Rejected,
  ): void {
    this.counts.challenged++;
    if (verdict.stale) this.counts.stale++;
    const www = this.options.challenge === 'www';
    const name = www ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const headers = authenticator.challenge(verdict.stale).map((value) => `${name}: ${value}\r\n`);
    this.options.log(`${aor}: ${www ? 401 : 407} (${verdict.code})`);
    if (www) this.respond(server, message, 401, 'Unauthorized', headers.join(''));
    else this.respond(server, message, 407, 'Proxy Authentication Required', headers.join(''));
  }

  /** @returns null for a `*` that does not remove (RFC 3261 §10.2.2) */
  private changes(message: SipMessage, aor: string, { star, contacts }: ContactSet): BindingChange[] | null {
    const { maxExpires = 86_400, defaultExpires = 3600 } = this.options;
    const header = message.value(HDR_EXPIRES);
    const common = header === undefined ? defaultExpires : deltaSeconds(header, defaultExpires);
    if (star) return common === 0 ? this.bindings.of(aor).map(({ uri }) => ({ uri, seconds: 0 })) : null;
    return contacts.map(({ addr, expires }) => ({
      uri: detach(addr.uri),
      seconds: Math.min(expires < 0 ? common : expires, maxExpires),
    }));
  }

  private contactLines(aor: string): string {
    return this.bindings
      .of(aor)
      .map((binding) => `Contact: <${binding.uri}>;expires=${this.bindings.secondsLeft(binding)}\r\n`)
      .join('');
  }

  private authenticationInfo(proven: Proven | null): string {
    if (proven === null || this.options.nextNonce !== true) return '';
    const info = this.authenticator?.authenticationInfo(proven, '', true) ?? null;
    return info === null ? '' : `Authentication-Info: ${info}\r\n`;
  }

  private refuse(server: ServerTransactionHandle, message: SipMessage, status: number, reason: string): void {
    this.counts.refused++;
    this.options.log(`${message.to?.uri ?? ''}: ${status} ${reason}`);
    this.respond(server, message, status, reason);
  }

  private respond(
    server: ServerTransactionHandle,
    message: SipMessage,
    status: number,
    reason: string,
    headers = '',
  ): void {
    const { received } = server;
    const edits = new EditList();
    addReceivedRport(message, edits, received.ip, received.port, false);
    const toTag = this.endpoint.random.token(6);
    const text = buildResponse(message, status, reason, { headers, toTag, edits });
    server.respond(status, text, replyDestination(message, received));
  }
}

/** `user@host` of the To, the host in lower case (RFC 3261 §10.3, step 5); null when it is no SIP URI. */
function aorOf(message: SipMessage): string | null {
  const uri = parseUri(message.to?.uri ?? '');
  return uri === null || uri.host === '' ? null : `${uri.user ?? ''}@${uri.host.toLowerCase()}`;
}
