import { parseNameAddr } from '../../message/name-addr.ts';
import { hasCrlf } from '../../message/sanitize.ts';
import type { ScriptContext } from '../../script/context.ts';
import { isUriUserE164 } from '../siputils/numbers.ts';
import { appendLines, headerLines } from '../support/header-lines.ts';
import { stripIdentities } from '../support/identities.ts';
import { fail } from './challenge.ts';
import type { AuthModule } from './instance.ts';

/** A plus and 2 to 15 digits (ITU-T E.164). */
const E164_LENGTH = 16;

function rpid(m: AuthModule, ctx: ScriptContext): string | null {
  const value = m.settings.rpid?.get(ctx);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** is_rpid_user_e164(): the identity, a URI or name-addr, has an E.164 number for its user. */
export function isRpidE164(m: AuthModule, ctx: ScriptContext): number {
  const value = rpid(m, ctx);
  if (value === null) return -1;
  const uri = value.includes('<') ? (parseNameAddr(value, 0, value.length)?.uri ?? value) : value;
  return isUriUserE164(uri, E164_LENGTH) === true ? 1 : -1;
}

/** append_rpid_hf(): Remote-Party-ID of prefix, identity and suffix; none of them can begin another header. */
export function appendRpid(m: AuthModule, ctx: ScriptContext, prefix: string, suffix: string): number {
  // Whether there is an identity to show or not: nobody shows one of his own.
  stripIdentities(ctx, m.settings.rpidStrip);
  const value = rpid(m, ctx);
  if (value === null) return -1;
  const text = `${prefix}${value}${suffix}`;
  const lines = hasCrlf(text) || text.includes('\0') ? null : headerLines(`Remote-Party-ID: ${text}`);
  if (lines === null) return fail(m, 'append_rpid_hf', 'the identity cannot stand in a header', 'AUTH_RPID');
  appendLines(ctx, lines);
  return 1;
}
