/** Kamailio's and OpenSIPS' name for the table of users. */
export const SUBSCRIBER = 'subscriber';

/** Version that is written for a table made here: Kamailio's own, whose columns it has and more. */
export const SUBSCRIBER_VERSION = 7;

/**
 * Columns of a table made here: those of Kamailio, and the two of OpenSIPS 3.2 for the algorithms of RFC 8760. Their contents, in lower-case
 * hex, are H(user:realm:password); for ha1b the user is `user@domain`.
 */
export const SUBSCRIBER_COLUMNS: readonly { readonly name: string; readonly length: number }[] = [
  { name: 'username', length: 64 },
  { name: 'domain', length: 64 },
  { name: 'password', length: 64 },
  { name: 'ha1', length: 128 },
  { name: 'ha1b', length: 128 },
  { name: 'ha1_sha256', length: 64 },
  { name: 'ha1_sha512t256', length: 64 },
];

/** Those of them that hold secrets, in any server's table. */
export const SECRET_COLUMNS: readonly string[] = ['password', 'ha1', 'ha1b', 'ha1_sha256', 'ha1_sha512t256'];
