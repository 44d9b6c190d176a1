import { type Credential, credential } from './credentials.ts';

/** Credentials in the order they were defined. */
export type CredentialList = readonly Credential[];

/** A credential, or why the text is none. */
export type CredentialParse =
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly code: 'DIGEST_CREDENTIAL_SYNTAX' };

// Blanks may stand around each part, in none; only the password, as the last part, may hold colons. No \s: it takes the byte A0, half of
// many a UTF-8 letter, for a blank.
const SYNTAX =
  /^[ \t\r\n]*([^: \t\r\n]+)[ \t\r\n]*:[ \t\r\n]*([^: \t\r\n]+)[ \t\r\n]*:[ \t\r\n]*([^ \t\r\n]+)[ \t\r\n]*$/;

/**
 * Reads the value of Kamailio's `credential` parameter of the uac module, `user:realm:password`.
 * @returns the credential with a clear password ({@link withHa1} makes it an HA1), or DIGEST_CREDENTIAL_SYNTAX
 */
export function parseCredential(text: string): CredentialParse {
  const match = SYNTAX.exec(text);
  if (match === null) return { ok: false, code: 'DIGEST_CREDENTIAL_SYNTAX' };
  const [, user = '', realm = '', secret = ''] = match;
  return { ok: true, credential: credential({ user, realm, secret }) };
}

/** The credential of this realm, byte for byte; of several the one defined last, as in Kamailio. */
export function findCredential(list: CredentialList, realm: string): Credential | undefined {
  return list.findLast((entry) => entry.realm === realm);
}
