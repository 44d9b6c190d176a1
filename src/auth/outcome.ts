/** Which server's return codes, realm rules and replies a script expects. */
export type Flavour = 'kamailio' | 'opensips' | 'openser';

export const FLAVOURS: readonly Flavour[] = ['kamailio', 'opensips', 'openser'];

/** What a look at a request's credentials came to. */
export type AuthOutcome =
  | 'ok'
  /** ACK and CANCEL carry no answer to a challenge of their own (RFC 3261 §22.1); Kamailio lets PRACK through as well. */
  | 'exempt'
  | 'no-credentials'
  | 'malformed'
  | 'unknown-user'
  | 'wrong-password'
  /**
   * The digest is right, the nonce is too old or not of this server, realm or hop. Where wrong credentials are counted: whatever the digest,
   * the nonce does not show that they come from where they say.
   */
  | 'stale'
  /** The same, with a nonce that is no nonce at all. */
  | 'bad-nonce'
  /** The digest is right and was seen before. */
  | 'replayed'
  /** The same, with nonces that are good for one use. */
  | 'reused'
  /** The same as `stale`: the store of uses could not tell whether it is the first. */
  | 'use-unknown'
  /** A qop was asked for and left out. */
  | 'qop-missing'
  /** The digest and the nonce are right, but the nonce was made for another algorithm or qop: a phone that knows no other. */
  | 'not-offered'
  | 'banned'
  /** Proven, but From or To names somebody else. */
  | 'identity'
  /** Proven, but the digest's uri is not the Request-URI. */
  | 'uri'
  | 'error';

export const OUTCOMES: readonly AuthOutcome[] = [
  'ok',
  'exempt',
  'no-credentials',
  'malformed',
  'unknown-user',
  'wrong-password',
  'stale',
  'bad-nonce',
  'replayed',
  'reused',
  'use-unknown',
  'qop-missing',
  'not-offered',
  'banned',
  'identity',
  'uri',
  'error',
];

type Codes = Readonly<Record<AuthOutcome, number>>;

/** Return codes by flavour: above 0 true, below false, 0 ends the script (a reply was sent). One that is banned looks like a wrong password. */
export const RETURN_CODES: Readonly<Record<Flavour, Codes>> = {
  kamailio: {
    ok: 1,
    exempt: 1,
    'no-credentials': -5,
    malformed: -1,
    'unknown-user': -3,
    'wrong-password': -2,
    stale: -4,
    'bad-nonce': -1,
    replayed: -4,
    reused: -6,
    'use-unknown': -4,
    'qop-missing': -1,
    'not-offered': -1,
    banned: -2,
    identity: -8,
    uri: -8,
    error: -1,
  },
  opensips: {
    ok: 1,
    exempt: 1,
    'no-credentials': -4,
    malformed: 0,
    'unknown-user': -1,
    'wrong-password': -2,
    stale: -3,
    'bad-nonce': -3,
    replayed: -3,
    reused: -3,
    'use-unknown': -3,
    'qop-missing': -3,
    'not-offered': -3,
    banned: -2,
    identity: -2,
    uri: -2,
    error: -5,
  },
  openser: {
    ok: 1,
    exempt: 1,
    'no-credentials': -1,
    malformed: 0,
    'unknown-user': -1,
    'wrong-password': -1,
    stale: -1,
    'bad-nonce': -1,
    replayed: -1,
    reused: -1,
    'use-unknown': -1,
    'qop-missing': -1,
    'not-offered': -1,
    banned: -1,
    identity: -1,
    uri: -1,
    error: -1,
  },
};
