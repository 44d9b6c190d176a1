/** Parameters whose value nobody else should read: passwords, secrets, keys, and database URLs, which hold a password. */
const SECRET_PARAMETER = /"(?:[\w]*(?:passw|secret|credential|privkey_pass)[\w]*|[\w]*db_url)"\s*,\s*"([^"]*)"?/gi;
/** Assignments of such values to variables that look like it: `$avp(apass) = "…"`. */
const SECRET_VARIABLE = /\$[\w(>=-]*pass[\w]*\)?\s*=\s*"([^"]*)"?/gi;

/**
 * A source line as messages may show it: what is a secret by its name is replaced by asterisks of the same length, so that carets still
 * stand right.
 */
export function maskSecrets(line: string): string {
  const mask = (whole: string, secret: string): string => {
    const at = whole.lastIndexOf(secret);
    return secret === '' ? whole : whole.slice(0, at) + '*'.repeat(secret.length) + whole.slice(at + secret.length);
  };
  return line.replace(SECRET_PARAMETER, mask).replace(SECRET_VARIABLE, mask);
}
