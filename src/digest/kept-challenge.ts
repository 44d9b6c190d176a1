import type { AuthEcho, DigestChallenge } from '../message/auth-header.ts';
import { type AuthParam, escapeQuoted } from '../message/auth-scanner.ts';
import { detach } from '../message/detach.ts';

const NO_PARAMS: readonly AuthParam[] = [];
const NO_QOP: readonly string[] = [];
const QOP_AUTH: readonly string[] = ['auth'];
const QOP_AUTH_INT: readonly string[] = ['auth-int'];

/**
 * A challenge as a client keeps it to send credentials ahead with the next request (RFC 7616 §3.6): small, since one is kept per account, and
 * cut off from the message it came in.
 */
export class KeptChallenge implements DigestChallenge {
  readonly kind = 'digest';
  /** True for a Proxy-Authenticate. */
  readonly proxy: boolean;
  readonly realm: string;
  readonly opaque: string;
  readonly algorithm: string;
  readonly qop: readonly string[];
  /** Times the nonce was used. */
  nc = 0;
  /** The next one of the same owner: of another realm or hop. */
  next: KeptChallenge | null = null;
  private text: string;
  private readonly spelt: AuthEcho | null;
  private renewed = false;

  /**
   * @param share gives the one copy of a text that many challenges have
   */
  constructor(from: DigestChallenge, proxy: boolean, share: (text: string) => string) {
    this.proxy = proxy;
    this.realm = share(from.realm);
    this.opaque = share(from.opaque);
    this.algorithm = share(from.algorithm);
    // As challengeTerms() chooses.
    this.qop = from.qop.includes('auth')
      ? QOP_AUTH
      : from.qop.includes('auth-int')
        ? QOP_AUTH_INT
        : from.qop.length === 0
          ? NO_QOP
          : from.qop.map(detach);
    this.text = detach(from.nonce);
    const { realm, nonce, opaque } = from.echo;
    const plain = realm === from.realm && nonce === from.nonce && opaque === from.opaque;
    this.spelt = plain ? null : { realm: share(realm), nonce: detach(nonce), opaque: share(opaque) };
  }

  get nonce(): string {
    return this.text;
  }

  get domain(): string {
    return '';
  }

  get stale(): boolean {
    return false;
  }

  get params(): readonly AuthParam[] {
    return NO_PARAMS;
  }

  get echo(): AuthEcho {
    const nonce = this.spelt === null || this.renewed ? escapeQuoted(this.text) : this.spelt.nonce;
    return { realm: this.spelt?.realm ?? this.realm, nonce, opaque: this.spelt?.opaque ?? this.opaque };
  }

  /** Takes the nonce that the server handed out for the next request (Authentication-Info nextnonce, RFC 7616 §3.5). */
  renew(nonce: string): void {
    this.text = detach(nonce);
    this.renewed = true;
    this.nc = 0;
  }
}
