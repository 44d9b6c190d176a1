/** Every error code of the auth layer and of the modules auth and auth_db. Listed in docs/errors.md. */
export const AUTH_ERRORS = {
  AUTH_FLAVOUR: 'The parameter flavour is none of kamailio, opensips and openser; correct it, or leave it out.',
  AUTH_QOP: 'qop is none of auth, auth-int, or both separated by a comma; correct the parameter or the argument.',
  AUTH_ALGORITHM:
    'An algorithm is none of MD5, SHA-256, SHA-512-256 and their -sess forms; correct the parameter or the argument.',
  AUTH_SECRET:
    'The parameter secret is shorter than its use allows: 8 characters for nonces of ours, exactly 32 for those of OpenSIPS 3.2. Make one with "openssl rand -hex 16".',
  AUTH_NONCE_FORMAT:
    'nonce_format or nonce_accept names no format, or asks for one of another server without a shared secret; use trunkline, kamailio, openser, opensips-old or opensips.',
  AUTH_NONCE_EXPIRE: 'nonce_expire is not between 1 and 2592000 seconds.',
  AUTH_BAD_PARAMETER: 'A parameter is out of its range; the message names it and what it takes.',
  AUTH_BAD_ARGUMENT: 'An argument is not of the form that the function takes; nothing was sent or checked.',
  AUTH_VARIABLE:
    'A parameter or argument names no variable that can be used, such as $avp(rpid), or the variable for a result cannot be written.',
  AUTH_REALM:
    'The realm is empty, or holds a control character or more than 255 characters; no challenge was sent. In Kamailio’s dialect it must be given.',
  AUTH_NO_SECRET:
    'The variables of username_spec and password_spec are not set or hold no text when the credentials are checked; set them before the call.',
  AUTH_HA1:
    'What was given or is stored for the user is no HA1 of the algorithm’s length (32 hex digits for MD5, 64 for the others). A password instead: set calculate_ha1 to 1, leave flag 1 of pv_www_authenticate() out. An HA1 that is damaged: "trunkline user passwd" writes it anew.',
  AUTH_RPID: 'The variable of rpid_avp holds a text that cannot stand in a Remote-Party-ID; nothing was added.',
  AUTH_USE_STORE:
    'The store that servers share to remember the uses of nonces failed, or gave no answer in time: nobody is let in, phones are asked again with stale=true. The message has its own reason; see to it.',
  AUTH_BANNED:
    'A source or a user had more wrong credentials than its limit and is refused for a while; auth.ban_list shows it, auth.ban_lift ends it.',
  AUTH_DB_TABLE: 'The name of a table or column is none; letters, digits and underscores only.',
  AUTH_DB_LOAD: 'load_credentials is not of the form "column;variable=column"; correct the parameter.',
  AUTH_DB_URI: 'The argument is no SIP URI with a user.',
  AUTH_DB_NO_CREDENTIALS:
    'A function that asks whose a URI is was called, and nobody was let in by credentials yet; call it after www_authorize() or proxy_authorize().',
} as const;

/** Code of a failure in the auth layer. */
export type AuthErrorCode = keyof typeof AUTH_ERRORS;

/** Thrown for a configuration that cannot work; never for what a peer sends. */
export class AuthError extends Error {
  readonly code: AuthErrorCode;
  constructor(code: AuthErrorCode, message: string) {
    super(message);
    this.name = 'AuthError';
    this.code = code;
  }
}
