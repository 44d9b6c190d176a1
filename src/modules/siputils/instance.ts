import type { FunctionDefinition, ModuleHost, VariableAccess } from '../../script/module-definition.ts';
import { failure } from '../support/failure.ts';

/** State of one program's siputils module. */
export interface SiputilsModule {
  readonly host: ModuleHost;
  /** Header lines of options_reply(). */
  readonly capabilities: string;
  readonly rpidPrefix: string;
  readonly rpidSuffix: string;
  /** Headers of the client's that append_rpid_hf() takes away. */
  readonly rpidStrip: number;
  /** Variable that holds the caller's Remote-Party-ID, null when switched off. */
  readonly rpid: VariableAccess | null;
  /** Greatest length of an E.164 number with its `+`. */
  readonly e164Length: number;
  /** Character between the fields of an encoded Contact. */
  readonly separator: string;
  /** Seconds for which ring_insert_callid() acts, 0 for never. */
  readonly ringTimeout: number;
}

export type SiputilsFunction = FunctionDefinition<SiputilsModule>;

/** Logs a failure of a siputils function. @returns -1, or the code given */
export function fail(m: SiputilsModule, name: string, text: string, code: string, result = -1): number {
  return failure(m.host.log, 'siputils', `${name}: ${text}`, code, result);
}
