import type { FunctionDefinition, ModuleHost } from '../../script/module-definition.ts';
import { failure } from '../support/failure.ts';

/** State of one program's textopsx module. */
export interface TextopsxModule {
  readonly host: ModuleHost;
}

export type TextopsxFunction = FunctionDefinition<TextopsxModule>;

/** Logs a failure of a textopsx function. @returns -1 */
export function fail(m: TextopsxModule, name: string, text: string, code: string): number {
  return failure(m.host.log, 'textopsx', `${name}: ${text}`, code);
}
