import { hash } from 'node:crypto';

/** A hash function by its RFC 7616 name. SHA-512-256 is FIPS 180-4 SHA-512/256, not a shortened SHA-512. */
export type DigestHash = 'MD5' | 'SHA-256' | 'SHA-512-256';

/** An algorithm name of RFC 7616 §3.3 and RFC 8760 §2.2. */
export type DigestAlgorithmName = DigestHash | `${DigestHash}-sess`;

/** One algorithm that this stack computes. */
export interface DigestAlgorithm {
  readonly name: DigestAlgorithmName;
  readonly hash: DigestHash;
  /** True for the -sess forms, whose HA1 takes in nonce and cnonce. */
  readonly session: boolean;
  /** Length of its HA1 and response in hex digits. */
  readonly hexLength: number;
  /** Greater is stronger; no two are equal. */
  readonly strength: number;
}

/** The algorithms, strongest first. The -sess form ranks above the plain one: it spares the password's own hash from being replayed. */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = [
  { name: 'SHA-512-256-sess', hash: 'SHA-512-256', session: true, hexLength: 64, strength: 6 },
  { name: 'SHA-512-256', hash: 'SHA-512-256', session: false, hexLength: 64, strength: 5 },
  { name: 'SHA-256-sess', hash: 'SHA-256', session: true, hexLength: 64, strength: 4 },
  { name: 'SHA-256', hash: 'SHA-256', session: false, hexLength: 64, strength: 3 },
  { name: 'MD5-sess', hash: 'MD5', session: true, hexLength: 32, strength: 2 },
  { name: 'MD5', hash: 'MD5', session: false, hexLength: 32, strength: 1 },
];

const BY_NAME = new Map(DIGEST_ALGORITHMS.map((algorithm) => [algorithm.name.toLowerCase(), algorithm]));
const MD5 = BY_NAME.get('md5');

/**
 * The algorithm of this name, any case; the empty name means MD5 (RFC 7616 §3.3).
 * @returns undefined for a name that this stack does not compute
 */
export function digestAlgorithm(name: string): DigestAlgorithm | undefined {
  return name === '' || name === 'MD5' ? MD5 : BY_NAME.get(name.toLowerCase());
}

/**
 * Reads a list of algorithms that may be answered, `SHA-256,MD5`: separated by commas or blanks, any case. A hash stands for its -sess form too.
 * @returns undefined for an empty text (every one may be), null when a name is none that this stack computes
 */
export function algorithmList(text: string): readonly DigestAlgorithmName[] | null | undefined {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length === 0) return undefined;
  const all: DigestAlgorithmName[] = [];
  for (const name of names) {
    const found = digestAlgorithm(name);
    if (found === undefined) return null;
    for (const one of DIGEST_ALGORITHMS)
      if (one === found || (!found.session && one.hash === found.hash)) all.push(one.name);
  }
  return all;
}

const OPENSSL_NAME: Readonly<Record<DigestHash, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

const NON_ASCII = /[^\x00-\x7f]/;

/**
 * Hashes bytes to lower-case hex.
 * @param data bytes, or text in which each character is one byte (latin1, as everywhere in this stack)
 */
export function hashHex(name: DigestHash, data: string | Uint8Array): string {
  // The one-shot hash costs less than half of createHash; it would encode text as UTF-8, which for ASCII is the same.
  return hash(
    OPENSSL_NAME[name],
    typeof data === 'string' && NON_ASCII.test(data) ? Buffer.from(data, 'latin1') : data,
    'hex',
  );
}
