import { DIGEST_ALGORITHMS, type DigestAlgorithmName, digestAlgorithm } from '../digest/algorithm.ts';

/** A qop value of RFC 7616 §3.3. */
export type Qop = 'auth' | 'auth-int';

/** What a challenge offers. */
export interface Offer {
  /** In the order in which they are sent: the preferred one first (RFC 8760 §2.4). */
  readonly algorithms: readonly DigestAlgorithmName[];
  /** False: the challenge does not name its one algorithm, MD5, as before RFC 2617's peers did. */
  readonly named: boolean;
  readonly qop: readonly Qop[];
}

/**
 * The qop argument of OpenSER ("0", "1") and OpenSIPS ("auth", "auth-int", both).
 * @returns the values in the order given, each once; null for anything else
 */
export function qopList(text: string): readonly Qop[] | null {
  const trimmed = text.trim();
  if (trimmed === '0') return [];
  if (trimmed === '1') return ['auth'];
  const list: Qop[] = [];
  for (const part of trimmed.split(',')) {
    const token = part.trim().toLowerCase();
    if (token !== 'auth' && token !== 'auth-int') return null;
    if (!list.includes(token)) list.push(token);
  }
  return list;
}

const AUTH_INT: readonly Qop[] = ['auth-int'];
const AUTH: readonly Qop[] = ['auth'];
const NO_QOP: readonly Qop[] = [];

/** Kamailio's flags: 1 auth, 2 auth-int, which wins. The same flags give the same list. */
export function qopOfFlags(flags: number): readonly Qop[] {
  if ((flags & 2) !== 0) return AUTH_INT;
  return (flags & 1) !== 0 ? AUTH : NO_QOP;
}

/**
 * A list of algorithms, each once.
 * @param strongestFirst OpenSIPS' order, whatever the order given (RFC 8760 §2.4); else the order given
 * @returns null when one is unknown or the list is empty
 */
export function algorithmList(text: string, strongestFirst: boolean): readonly DigestAlgorithmName[] | null {
  const found = new Set<DigestAlgorithmName>();
  for (const part of text.split(',')) {
    const name = part.trim();
    const algorithm = name === '' ? undefined : digestAlgorithm(name);
    if (algorithm === undefined) return null;
    found.add(algorithm.name);
  }
  if (!strongestFirst) return [...found];
  return DIGEST_ALGORITHMS.filter(({ name }) => found.has(name)).map(({ name }) => name);
}
