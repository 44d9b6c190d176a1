import type { FunctionDefinition, ModuleHost } from '../../script/module-definition.ts';
import { RegexCache } from '../../script/regex.ts';
import { failure } from '../support/failure.ts';
import type { MethodSet } from './methods.ts';

/** State of one program's textops module. */
export interface TextopsModule {
  readonly host: ModuleHost;
  /** Expressions that are compiled at run time, because they are not line-wise and case-insensitive like the others. */
  readonly regexes: RegexCache;
  /** is_method() arguments, taken apart once. */
  readonly methodSets: Map<string, MethodSet>;
}

export type TextopsFunction = FunctionDefinition<TextopsModule>;

export function createTextops(host: ModuleHost): TextopsModule {
  return { host, regexes: new RegexCache(), methodSets: new Map() };
}

/** Logs a failure of a textops function. @returns -1 */
export function fail(m: TextopsModule, name: string, text: string, code: string, result = -1): number {
  return failure(m.host.log, 'textops', `${name}: ${text}`, code, result);
}
