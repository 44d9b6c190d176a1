import type { AuthEcho, DigestChallenge } from '../message/auth-header.ts';
import { type AuthParam, escapeQuoted } from '../message/auth-scanner.ts';
import { detach } from '../message/detach.ts';
import type { ProtectionSpace, ProtectionSpaces } from './protection-space.ts';

const NO_PARAMS: readonly AuthParam[] = [];

/** What stood between the quotes, where it is not what we would write there. */
type Spelling = Pick<AuthEcho, 'nonce' | 'opaque'>;

/**
 * A challenge as a client keeps it to send credentials ahead with the next request (RFC 7616 §3.6): small, since one is kept per account, and
 * cut off from the message it came in.
 */
export class KeptChallenge implements DigestChallenge {
  readonly opaque: string;
  /** Times the nonce was used. */
  nc = 0;
  /** The next one of the same owner: of another realm or hop. */
  next: KeptChallenge | null = null;
  private readonly space: ProtectionSpace;
  private text: string;
  private spelt: Spelling | null;

  /**
   * @param proxy true for a Proxy-Authenticate
   * @param spaces where challenges find what they have in common
   */
  constructor(from: DigestChallenge, proxy: boolean, spaces: ProtectionSpaces) {
    this.space = spaces.of(from, proxy);
    this.text = detach(from.nonce);
    if (from.opaque !== '' && this.space.opaque !== from.opaque) this.space.opaque = detach(from.opaque);
    this.opaque = from.opaque === '' ? '' : this.space.opaque;
    const { nonce, opaque } = from.echo;
    const plain = nonce === from.nonce && opaque === from.opaque;
    this.spelt = plain ? null : { nonce: detach(nonce), opaque: detach(opaque) };
  }

  get kind(): 'digest' {
    return 'digest';
  }

  /** True for a Proxy-Authenticate. */
  get proxy(): boolean {
    return this.space.proxy;
  }

  get realm(): string {
    return this.space.realm;
  }

  get algorithm(): string {
    return this.space.algorithm;
  }

  get qop(): readonly string[] {
    return this.space.qop;
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
    const realm = this.space.spelling;
    if (this.spelt !== null) return { realm, nonce: this.spelt.nonce, opaque: this.spelt.opaque };
    return { realm, nonce: escapeQuoted(this.text), opaque: this.opaque };
  }

  /** Takes the nonce that the server handed out for the next request (Authentication-Info nextnonce, RFC 7616 §3.5). */
  renew(nonce: string): void {
    this.text = detach(nonce);
    if (this.spelt !== null) this.spelt = { nonce: escapeQuoted(nonce), opaque: this.spelt.opaque };
    this.nc = 0;
  }
}
