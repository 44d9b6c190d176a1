/** The table of core functions. */
import type { CoreFunction } from './core-functions-define.ts';
import { flagFunctions } from './core-functions-flags.ts';
import { logFunctions } from './core-functions-log.ts';
import { sendFunctions } from './core-functions-send.ts';
import { uriFunctions } from './core-functions-uri.ts';

/** All core functions by their canonical name. */
export const coreFunctionTable: ReadonlyMap<string, CoreFunction> = new Map(
  [...flagFunctions(), ...uriFunctions(), ...sendFunctions(), ...logFunctions()].map((definition) => [
    definition.name,
    definition,
  ]),
);
