/** Every error code of the digest layer, each with what it means and what to do. */
export const DIGEST_ERRORS = {
  DIGEST_NO_CHALLENGE:
    'The response carries no readable Digest challenge; look at its WWW-Authenticate (401) or Proxy-Authenticate (407) header.',
  DIGEST_ALGORITHM_UNKNOWN:
    'The challenge asks for an algorithm other than MD5, SHA-256, SHA-512-256 and their -sess forms; ask the peer to offer one of these.',
  DIGEST_ALGORITHM_REFUSED:
    'The challenge asks for an algorithm that the local policy does not allow; allow it or ask the peer for a stronger one.',
  DIGEST_QOP_UNKNOWN:
    'The challenge offers neither qop auth nor auth-int; ask the peer to offer one of them or no qop at all.',
  DIGEST_NO_CREDENTIAL:
    'No credential is configured for the challenge’s realm; add one whose realm is the same byte for byte.',
  DIGEST_REALM_MISMATCH:
    'The credential belongs to another realm than the challenge; give it the challenge’s realm, or an empty one to fit any.',
  DIGEST_DESTINATION_MISMATCH:
    'The credential is bound to another destination than the one that challenged; bind it to this one if it is to be trusted.',
  DIGEST_HA1_INVALID:
    'The HA1 is no hex text of the length its algorithm needs (32 digits for MD5, 64 for SHA-256 and SHA-512-256); store an HA1 made with that algorithm.',
  DIGEST_TEXT_UNSENDABLE:
    'A value of the header holds a control character or is no byte text; remove it (CR and LF would inject a header), or encode it to UTF-8 first.',
  DIGEST_NC_RANGE: 'The nonce count is outside 1 to 4294967295; ask for a new nonce.',
  DIGEST_CREDENTIAL_SYNTAX:
    'The text is not user:realm:password; none of the three may be empty or hold blanks, and only the password may hold colons.',
  DIGEST_NO_CREDENTIALS: 'The request carries no Digest credentials for this realm; challenge it.',
  DIGEST_CREDENTIALS_INCOMPLETE:
    'The request’s credentials give a qop without a cnonce or a hexadecimal nc, or a -sess algorithm without a cnonce; the client breaks RFC 7616 §3.4, challenge it again or answer 400.',
  DIGEST_ALGORITHM_NOT_OFFERED: 'The request answers with an algorithm that was not offered; challenge it again.',
  DIGEST_QOP_NOT_OFFERED:
    'The request answers with a qop that was not offered, or without one although one was; challenge it, or accept a missing qop for old clients.',
  DIGEST_USER_UNKNOWN:
    'The user has no password here; answer exactly as for a wrong password, so that users cannot be probed.',
  DIGEST_RESPONSE_WRONG:
    'The response is not the right one: a wrong password, or a request changed on its way; challenge it again.',
  DIGEST_NONCE_UNKNOWN:
    'The nonce was not issued here for this realm and algorithm, or its key is gone; challenge the request again with a new one.',
  DIGEST_NONCE_EXPIRED:
    'The nonce is too old; challenge again with stale=true, and the client answers without asking for a password.',
  DIGEST_NONCE_REUSED:
    'The nonce was used with this nonce count before: a replay or a client that does not count; challenge again with stale=true.',
  DIGEST_NONCE_KEY_WEAK:
    'A nonce key is shorter than 16 bytes, or there is none; give at least 16 random bytes, the same on every node.',
  DIGEST_CHALLENGE_INVALID:
    'The challenge to issue has no realm or no algorithm, or a realm that cannot be sent; correct the configuration.',
} as const;

/** Code of a failure in the digest layer; {@link DIGEST_ERRORS} explains it. */
export type DigestErrorCode = keyof typeof DIGEST_ERRORS;

/** Thrown by constructors only, for a configuration that cannot work. What a peer sends never makes the digest layer throw. */
export class DigestError extends Error {
  readonly code: DigestErrorCode;

  constructor(code: DigestErrorCode) {
    super(`${code}: ${DIGEST_ERRORS[code]}`);
    this.name = 'DigestError';
    this.code = code;
  }
}
