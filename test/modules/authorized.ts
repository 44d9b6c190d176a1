import { splitUserName } from '../../src/auth/identity.ts';
import { claimedCredentials } from '../../src/message/auth-header.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { AUTHORIZED, type AuthorizedCredentials } from '../../src/script/variables/credentials.ts';

/** Makes a request one whose credentials were accepted, as the functions of auth do. @param name as in the credentials */
export function authorize(ctx: ScriptContext, name: string, realm: string): void {
  const credentials = claimedCredentials(
    `Digest username="${name}", realm="${realm}", nonce="n", uri="u", response="r"`,
  );
  if (credentials === null) throw new Error(`no credentials for ${name}`);
  const known: AuthorizedCredentials = { ...splitUserName(name, true), realm, credentials };
  ctx.state.extensions ??= new Map();
  ctx.state.extensions.set(AUTHORIZED, known);
}
