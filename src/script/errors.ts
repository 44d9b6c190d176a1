/** What to do about each error code of the configuration language. Listed in docs/errors.md with the explanations, which stand beside the code. */
import type { ErrorExplanation } from '../transport/errors.ts';
import type { CheckerCode } from './checker-codes.ts';
import type { FrontEndCode } from './diagnostic.ts';
import type { RuntimeCode } from './runtime-codes.ts';

/** What to do about the codes of the preprocessor, the lexer and the parser; their explanations are in `frontEndCodes`. */
export const FRONT_END_ACTIONS: Readonly<Record<FrontEndCode, string>> = {
  CFG_SYNTAX: 'Look at the marked place and just before it: a missing ";", ")" or "}" is found only at what follows.',
  CFG_CHARACTER: 'Remove it; text that came out of a web page or a document often brings such characters along.',
  CFG_STRING_UNCLOSED: 'Close the string on its line. The marked place is where it begins.',
  CFG_STRING_QUOTES: 'Write plain quotes (") in their place; the text is read as if they were.',
  CFG_COMMENT_UNCLOSED: 'Add "*/". Block comments nest: each "/*" needs its own.',
  CFG_COMMENT_WRAPPED: 'Put "#" before it, or join it to the line above.',
  CFG_VARIABLE_SYNTAX:
    'Write $name, $name(key) or $(name(key)[index]{transformation}); a plain dollar sign in a text is $$.',
  CFG_DIRECTIVE: 'See the hint for the form of the directive.',
  CFG_DIRECTIVE_UNBALANCED: 'Each #!ifdef, #!ifndef and #!ifexp needs one #!endif, and has one #!else at most.',
  CFG_DEFINE_AGAIN: 'Use #!redefine to replace a value, #!trydefine to keep the first.',
  CFG_DEFINE_RECURSIVE: 'Give one of the defines another value.',
  CFG_DEFINE_ENVIRONMENT: 'Set the variable before the start, or use #!trydefenv.',
  CFG_INCLUDE_MISSING:
    'Correct the path (relative ones start at the working directory, then at the including file), or use import_file.',
  CFG_INCLUDE_DEPTH: 'Look for a file that includes itself by way of others.',
  CFG_TOO_LARGE: 'Split the expression or the blocks; a define or an include that repeats itself is the usual cause.',
  CFG_UNKNOWN_PARAMETER: 'Correct the name; the hint has the nearest one.',
  CFG_VALUE: 'Give a value of the kind that the message names.',
  CFG_BARE_WORD: 'Put it in quotes.',
  CFG_MODULE_TWICE: 'Remove one of the two lines.',
  CFG_ROUTE_TWICE: 'Rename one, or move its statements into the other.',
  CFG_CASE_TYPES: 'Make all labels of one kind: integers, or texts and expressions.',
  CFG_ASSIGNMENT_AS_VALUE: 'Write == to compare.',
  CFG_LENIENT:
    'Nothing, if the file is for this server only. One that Kamailio shall load as well needs the change in the hint.',
  CFG_DIALECT: 'Nothing, if the file is for this server only; Kamailio does not know it.',
};

/** What to do about the codes of the checker and the linker. */
export const CHECKER_ACTIONS: Readonly<Record<CheckerCode, string>> = {
  CFG_UNKNOWN_MODULE: 'Correct the name; the hint has the nearest one.',
  CFG_UNSUPPORTED_MODULE:
    'Take out what uses it. With "--unsupported warn" the server starts without it, and its functions fail when they are reached.',
  CFG_MODULE_NOT_LOADED: 'Add the loadmodule line, or move it up.',
  CFG_MODULE_FAILED: 'The message says why. A text that looks like an internal fault is one: please report it.',
  CFG_UNKNOWN_MODPARAM: 'Correct the name; the hint has the nearest one, kamailio-compat.md has all of them.',
  CFG_UNSUPPORTED_PARAMETER: 'Look it up in kamailio-compat.md, and remove the line if you can do without.',
  CFG_UNKNOWN_FUNCTION: 'Correct the name, or load the module that the message or the hint names.',
  CFG_UNSUPPORTED_FUNCTION:
    'See kamailio-compat.md for what takes its place. With "--unsupported warn" the server starts, and the call fails when it is reached.',
  CFG_ARGUMENT_COUNT: 'Give as many as the message says.',
  CFG_ARGUMENT:
    'Give what the message says; a text stands in quotes, a variable to be written is named alone ("$var(x)").',
  CFG_AMBIGUOUS_CALL: 'Say what is meant, as the hint shows: which server the file was written for, or which module.',
  CFG_WRONG_ROUTE: 'Move it to one of the blocks that the hint names.',
  CFG_UNKNOWN_ROUTE:
    'Correct the name or add the block. A route that t_on_failure() and its like name is only a warning.',
  CFG_UNKNOWN_VARIABLE: 'Correct the name (case counts), or load the module it belongs to.',
  CFG_UNSUPPORTED_VARIABLE: 'See kamailio-compat.md. With "--unsupported warn" it is undefined.',
  CFG_VARIABLE_NAME: 'The message has the names that it knows.',
  CFG_UNKNOWN_TRANSFORMATION: 'Correct the name, or load the module it belongs to.',
  CFG_TRANSFORMATION: 'The message says what it takes.',
  CFG_READ_ONLY:
    'Assign to another one; headers are changed with functions (append_hf, remove_hf, uac_replace_from …).',
  CFG_TYPE: 'Convert with (int) or (str), or use the operator for that type.',
  CFG_DIVISION: 'The statement would always fail: correct the divisor.',
  CFG_REGEX:
    'Write it as POSIX extended: [[:digit:]] in place of \\d, backslashes doubled inside double quotes where the text needs one.',
  CFG_CONSTANT_CONDITION: 'Compare it with something; a variable in quotes is a constant text in an expression.',
  CFG_CASE_TWICE: 'Remove or correct one of them.',
  CFG_UNREACHABLE: 'Remove it, or the statement that ends the block before it.',
  CFG_RETURN_CALL: 'Call first and return a code: "f(); return $rc;", or 1 and -1 with if.',
  CFG_UNKNOWN_EVENT: 'Correct the name, or load the module it belongs to.',
  CFG_NO_REQUEST_ROUTE: 'Add the block; one that is there may stand inside an #!ifdef whose name is not defined.',
  CFG_ASYNC_ROUTE: 'Call it earlier, in the request_route, and keep its result in a variable.',
  CFG_UNKNOWN_CALLBACK:
    'Correct the name, export the function, or load the file: modparam("app_ts", "load", "routes.ts").',
  CFG_UNSUPPORTED_PROTOCOL: 'Use udp, tcp, tls, ws or wss.',
  CFG_UNSUPPORTED_TRANSFORMATION:
    'Load the module that has it here, or do without; kamailio-compat.md has all transformations.',
  CFG_MODULE_REFUSED: 'The message says why; the code of the reason is in this list as well.',
};

/** What to do about the codes that a running script gives to the log. */
export const RUNTIME_ACTIONS: Readonly<Record<RuntimeCode, string>> = {
  SCRIPT_ALIAS_REFUSED: 'Nothing, if the peer has opened a second connection; the first one ends with its lifetime.',
  SCRIPT_ARGUMENT: 'Test the variable before the call.',
  SCRIPT_ASSIGNMENT_REFUSED: 'Look at the value: no URI for $ru, no listening socket for $fs, a line end for a header.',
  SCRIPT_ASYNC_ROUTE: 'Call it earlier, in the request_route; check warns of it as CFG_ASYNC_ROUTE.',
  SCRIPT_CONVERSION: 'Compare texts with == "…" or eq, and test what comes from the network with =~ first.',
  SCRIPT_DIVISION: 'Test the divisor.',
  SCRIPT_NO_INSTANCE: 'Define a setting of it: group[id].name = value.',
  SCRIPT_EXEC_REFUSED: 'Remove it; do what it did outside of the call’s way.',
  SCRIPT_FUNCTION_FAILED: 'This is a bug of the function: please report the line.',
  SCRIPT_HOST_UNRESOLVED: 'Check the name, or write the address.',
  SCRIPT_LOOP_LIMIT: 'Check its condition, or raise max_while_loops.',
  SCRIPT_REGEX: 'Escape what comes from the network before it becomes part of an expression.',
  SCRIPT_ROUTE_FAILED: 'This is a bug: please report the line with the configuration.',
  SCRIPT_SOCKET_REFUSED: 'Call it in request and branch routes only.',
  SCRIPT_TOO_DEEP: 'Look for a route that calls itself by way of others.',
  SCRIPT_UNKNOWN_ROUTE: 'Add the block, or test the name with check_route_exists().',
  SCRIPT_UNSUPPORTED_FUNCTION: 'See kamailio-compat.md for what takes its place.',
  SCRIPT_URI_REFUSED: 'Look at the URI in the message; a tel: URI has no host.',
};

/** Codes of variables, and of the end of a program. */
export const VARIABLE_ERRORS = {
  MODULE_STOP_FAILED: {
    explanation: 'A module broke off while it was stopped; the others are stopped all the same.',
    action: 'This is a bug of the module: please report the line.',
  },
  PV_RURI_INVALID: {
    explanation: 'The Request-URI is none any more; its parts are undefined.',
    action: 'Look at what the script assigned to $ru.',
  },
  PV_SOCKET_UNKNOWN: {
    explanation: 'No listening socket fits what was assigned to $fs or $fsn; the socket is as it was.',
    action: 'Use proto:address:port of a listen line, or its name.',
  },
  PV_STATISTIC_UNKNOWN: {
    explanation: '$stat() names a counter that does not exist; it is undefined.',
    action: 'Correct the name; SIGUSR1 writes all of them to the log.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of a failure of a variable. */
export type VariableErrorCode = keyof typeof VARIABLE_ERRORS;
