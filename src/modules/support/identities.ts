import type { ScriptContext } from '../../script/context.ts';
import { ModuleError, type ModuleParameters } from '../../script/module-definition.ts';
import { headersWhere, removeHeader } from './header-lines.ts';

/** Headers by which a client says who it is, by the bits of rpid_strip: a proxy that knows better takes them away (RFC 3325 §5). */
const IDENTITIES: readonly (readonly [bit: number, name: string])[] = [
  [1, 'remote-party-id'],
  [2, 'p-asserted-identity'],
  [4, 'p-preferred-identity'],
];
const ALL = 7;

/** The parameter rpid_strip. @throws ModuleError with `code` */
export function readStrip(parameters: ModuleParameters, code: string): number {
  const bits = parameters.int('rpid_strip');
  if (bits >= 0 && bits <= ALL) return bits;
  throw new ModuleError(code, `rpid_strip is ${bits}, and takes 0 to ${ALL}`, 'rpid_strip');
}

/** Takes away what the client said of its identity. @param bits rpid_strip */
export function stripIdentities(ctx: ScriptContext, bits: number): void {
  if (bits === 0) return;
  const gone = new Set(IDENTITIES.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name));
  for (const header of headersWhere(ctx.message, (name) => gone.has(name.toLowerCase()))) removeHeader(ctx, header);
}
