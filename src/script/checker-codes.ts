/** Codes of the checker and the linker; those of the reader are in diagnostic.ts. */
import type { DiagnosticCode } from './diagnostic.ts';

export const checkerCodes = {
  CFG_UNKNOWN_MODULE: 'A module that neither Trunkline nor Kamailio has.',
  CFG_UNSUPPORTED_MODULE: 'A module of Kamailio that Trunkline does not have.',
  CFG_MODULE_NOT_LOADED: 'A modparam of a module that is not loaded.',
  CFG_UNKNOWN_MODPARAM: 'A parameter that the module does not have.',
  CFG_UNSUPPORTED_PARAMETER: 'A parameter of Kamailio that Trunkline ignores.',
  CFG_MODULE_REFUSED: 'A module refuses its parameters.',
  CFG_MODULE_FAILED: 'A module cannot be started.',
  CFG_UNKNOWN_FUNCTION: 'A function that does not exist, or whose module is not loaded.',
  CFG_UNSUPPORTED_FUNCTION: 'A function of Kamailio that Trunkline does not have.',
  CFG_ARGUMENT_COUNT: 'A function called with a number of arguments it does not take.',
  CFG_ARGUMENT: 'An argument of the wrong kind.',
  CFG_AMBIGUOUS_CALL:
    'A call that does not mean the same on all servers or in all modules, and nothing says which is meant.',
  CFG_WRONG_ROUTE: 'A function called in a block in which it has no meaning.',
  CFG_UNKNOWN_VARIABLE: 'A variable that does not exist, or whose module is not loaded.',
  CFG_UNSUPPORTED_VARIABLE: 'A variable of Kamailio that Trunkline does not have.',
  CFG_VARIABLE_NAME: 'A wrong name in the parentheses of a variable, or a wrong index.',
  CFG_READ_ONLY: 'An assignment to a variable that cannot be written.',
  CFG_UNKNOWN_TRANSFORMATION: 'A transformation that does not exist, or whose module is not loaded.',
  CFG_UNSUPPORTED_TRANSFORMATION: 'A transformation of Kamailio that Trunkline does not have.',
  CFG_TRANSFORMATION: 'Wrong parameters of a transformation.',
  CFG_UNKNOWN_ROUTE: 'A route that does not exist (a warning where it is only armed).',
  CFG_UNKNOWN_EVENT: 'An event route that nothing runs.',
  CFG_NO_REQUEST_ROUTE: 'A configuration without a request_route: every request is dropped.',
  CFG_ASYNC_ROUTE: 'A route that cannot wait calls a function that answers later.',
  CFG_REGEX: 'A bad regular expression.',
  CFG_TYPE: 'An operator on values it does not work on.',
  CFG_DIVISION: 'A division by the constant zero.',
  CFG_CONSTANT_CONDITION: 'A condition that is always the same.',
  CFG_CASE_TWICE: 'A case label that is there twice.',
  CFG_UNREACHABLE: 'A statement after one that ends the block.',
  CFG_RETURN_CALL: 'A return of a call, which yields 1 or 0 and may end the script.',
  CFG_UNKNOWN_CALLBACK: 'A function of a TypeScript file is named that no loaded file exports.',
  CFG_UNSUPPORTED_PROTOCOL: 'A socket of a protocol that is not supported.',
} as const satisfies Record<DiagnosticCode, string>;

export type CheckerCode = keyof typeof checkerCodes;
