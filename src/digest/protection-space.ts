import type { DigestChallenge } from '../message/auth-header.ts';
import { detach } from '../message/detach.ts';

const NO_QOP: readonly string[] = [];
const QOP_AUTH: readonly string[] = ['auth'];
const QOP_AUTH_INT: readonly string[] = ['auth-int'];

/** What the challenges of one server for one realm (RFC 7235 §2.2) have in common: all but nonce and opaque. */
export interface ProtectionSpace {
  /** True for a Proxy-Authenticate. */
  readonly proxy: boolean;
  readonly realm: string;
  /** What stood between the quotes. */
  readonly spelling: string;
  readonly algorithm: string;
  /** The value that is answered with, if it is one that we know. */
  readonly qop: readonly string[];
  /** The opaque that came last, empty for none: servers that give everybody the same one have it kept once. */
  opaque: string;
}

/** Spaces that are kept once; past this many the table begins anew, which costs memory and nothing else. */
const MAX_SPACES = 1000;

/** Protection spaces, each kept once: a million challenges of one carrier share theirs. */
export class ProtectionSpaces {
  private readonly known = new Map<string, ProtectionSpace>();
  private last: ProtectionSpace | null = null;

  /**
   * The one object of a challenge's space, cut off from the message that it came in.
   * @param proxy true for a Proxy-Authenticate
   */
  of(from: DigestChallenge, proxy: boolean): ProtectionSpace {
    const qop = answered(from.qop);
    if (this.last === null || !fits(this.last, from, proxy, qop)) this.last = this.find(from, proxy, qop);
    return this.last;
  }

  private find(from: DigestChallenge, proxy: boolean, qop: readonly string[]): ProtectionSpace {
    const { realm, algorithm, echo } = from;
    const key = detach(`${proxy}\n${algorithm}\n${qop.join()}\n${echo.realm}`);
    const known = this.known.get(key);
    // A line break in a text could make two spaces look like one.
    if (known !== undefined && fits(known, from, proxy, qop)) return known;
    if (this.known.size >= MAX_SPACES) this.known.clear();
    const own = detach(realm);
    const spelling = echo.realm === realm ? own : detach(echo.realm);
    const space = { proxy, realm: own, spelling, algorithm: detach(algorithm), qop: qop.map(detach), opaque: '' };
    this.known.set(key, space);
    return space;
  }
}

/** As challengeTerms() chooses. */
function answered(qop: readonly string[]): readonly string[] {
  if (qop.includes('auth')) return QOP_AUTH;
  if (qop.includes('auth-int')) return QOP_AUTH_INT;
  return qop.length === 0 ? NO_QOP : qop;
}

function fits(space: ProtectionSpace, from: DigestChallenge, proxy: boolean, qop: readonly string[]): boolean {
  return (
    space.proxy === proxy &&
    space.realm === from.realm &&
    space.spelling === from.echo.realm &&
    space.algorithm === from.algorithm &&
    space.qop.length === qop.length &&
    space.qop.every((value, i) => value === qop[i])
  );
}
