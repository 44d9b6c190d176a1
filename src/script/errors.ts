/** Error codes of the configuration language, with what to do about each. Listed in docs/errors.md. */
import type { ErrorExplanation } from '../transport/errors.ts';
import type { FrontEndCode } from './diagnostic.ts';

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

/** Codes of the checker and the linker: what is written can be read, and its meaning is wrong. */
export const CHECK_ERRORS = {
  CFG_UNKNOWN_MODULE: {
    explanation: 'There is no module of this name, in Kamailio neither.',
    action: 'Correct the name; the hint has the nearest one.',
  },
  CFG_UNSUPPORTED_MODULE: {
    explanation: 'Kamailio has this module, this server does not.',
    action:
      'Take out what uses it. With "--unsupported warn" the server starts without it, and its functions fail when they are reached.',
  },
  CFG_MODULE_NOT_LOADED: {
    explanation: 'A modparam names a module that no loadmodule line before it loads.',
    action: 'Add the loadmodule line, or move it up.',
  },
  CFG_MODULE_FAILED: {
    explanation: 'A module did not start.',
    action: 'The message says why. A text that looks like an internal fault is one: please report it.',
  },
  CFG_UNKNOWN_MODPARAM: {
    explanation: 'The module has no parameter of this name.',
    action: 'Correct the name; the hint has the nearest one, kamailio-compat.md has all of them.',
  },
  CFG_UNSUPPORTED_PARAMETER: {
    explanation: 'Kamailio’s module has this parameter, ours does nothing with it; it is ignored.',
    action: 'Look it up in kamailio-compat.md, and remove the line if you can do without.',
  },
  CFG_UNKNOWN_FUNCTION: {
    explanation: 'No loaded module has a function of this name.',
    action: 'Correct the name, or load the module that the message or the hint names.',
  },
  CFG_UNSUPPORTED_FUNCTION: {
    explanation: 'Kamailio has this function, or this form of it; this server does not.',
    action:
      'See kamailio-compat.md for what takes its place. With "--unsupported warn" the server starts, and the call fails when it is reached.',
  },
  CFG_ARGUMENT_COUNT: {
    explanation: 'The function does not exist with this number of arguments.',
    action: 'Give as many as the message says.',
  },
  CFG_ARGUMENT: {
    explanation: 'An argument is not of the kind that the function takes.',
    action: 'Give what the message says; a text stands in quotes, a variable to be written is named alone ("$var(x)").',
  },
  CFG_WRONG_ROUTE: {
    explanation: 'The function may not be called in this kind of route block.',
    action: 'Move it to one of the blocks that the hint names.',
  },
  CFG_UNKNOWN_ROUTE: {
    explanation: 'A route that is called or armed is nowhere in the file.',
    action: 'Correct the name or add the block. A route that t_on_failure() and its like name is only a warning.',
  },
  CFG_UNKNOWN_VARIABLE: {
    explanation: 'There is no variable or select of this name here.',
    action: 'Correct the name (case counts), or load the module it belongs to.',
  },
  CFG_UNSUPPORTED_VARIABLE: {
    explanation: 'Kamailio has this variable, this server does not.',
    action: 'See kamailio-compat.md. With "--unsupported warn" it is undefined.',
  },
  CFG_VARIABLE_NAME: {
    explanation: 'What stands in the parentheses or brackets of a variable does not fit it.',
    action: 'The message has the names that it knows.',
  },
  CFG_UNKNOWN_TRANSFORMATION: {
    explanation: 'There is no transformation of this name here.',
    action: 'Correct the name, or load the module it belongs to.',
  },
  CFG_TRANSFORMATION: {
    explanation: 'A transformation has the wrong number of parameters, or a parameter that it cannot use.',
    action: 'The message says what it takes.',
  },
  CFG_READ_ONLY: {
    explanation: 'This variable can only be read.',
    action: 'Assign to another one; headers are changed with functions (append_hf, remove_hf, uac_replace_from …).',
  },
  CFG_TYPE: {
    explanation: 'An operator stands between values it cannot work on, such as arithmetic on a constant text.',
    action: 'Convert with (int) or (str), or use the operator for that type.',
  },
  CFG_DIVISION: {
    explanation: 'A division by the constant 0.',
    action: 'The statement would always fail: correct the divisor.',
  },
  CFG_REGEX: {
    explanation: 'A regular expression cannot be compiled.',
    action:
      'Write it as POSIX extended: [[:digit:]] in place of \\d, backslashes doubled inside double quotes where the text needs one.',
  },
  CFG_CONSTANT_CONDITION: {
    explanation: 'A condition is always true, always false, or a text where a number decides.',
    action: 'Compare it with something; a variable in quotes is a constant text in an expression.',
  },
  CFG_CASE_TWICE: {
    explanation: 'Two labels of a switch are the same; the second is never reached.',
    action: 'Remove or correct one of them.',
  },
  CFG_UNREACHABLE: {
    explanation: 'A statement stands behind exit, drop, return or break.',
    action: 'Remove it, or the statement that ends the block before it.',
  },
  CFG_RETURN_CALL: {
    explanation: 'return of a condition or of a call inside an expression gives 1 or 0, and 0 ends the whole script.',
    action: 'Call first and return a code: "f(); return $rc;", or 1 and -1 with if.',
  },
  CFG_UNKNOWN_EVENT: {
    explanation: 'No loaded module runs an event route of this name, so it never runs.',
    action: 'Correct the name, or load the module it belongs to.',
  },
  CFG_ASYNC_ROUTE: {
    explanation:
      'A branch_route or onsend_route calls a function that waits; what the route does after it comes too late.',
    action: 'Call it earlier, in the request_route, and keep its result in a variable.',
  },
  CFG_UNSUPPORTED_PROTOCOL: {
    explanation: 'A listen line names a protocol that this server does not speak; the socket is left out.',
    action: 'Use udp, tcp, tls, ws or wss.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Codes that a running script gives to the log; the line begins with the place in the configuration where that is known. */
export const SCRIPT_ERRORS = {
  SCRIPT_ARGUMENT: {
    explanation: 'An argument that has to be a number is none in this call; the call failed.',
    action: 'Test the variable before the call.',
  },
  SCRIPT_ASSIGNMENT_REFUSED: {
    explanation: 'The variable does not take this value; it is unchanged.',
    action: 'Look at the value: no URI for $ru, no listening socket for $fs, a line end for a header.',
  },
  SCRIPT_ASYNC_ROUTE: {
    explanation: 'A branch_route or onsend_route called a function that waits; what it does later is lost.',
    action: 'Call it earlier, in the request_route; check warns of it as CFG_ASYNC_ROUTE.',
  },
  SCRIPT_CONVERSION: {
    explanation: 'A text that is no number was used as one and counts as 0.',
    action: 'Compare texts with == "…" or eq, and test what comes from the network with =~ first.',
  },
  SCRIPT_DIVISION: {
    explanation: 'A division by zero; the statement failed, the script goes on.',
    action: 'Test the divisor.',
  },
  SCRIPT_EXEC_REFUSED: {
    explanation: 'exec() is refused: a configuration does not run shell commands.',
    action: 'Remove it; do what it did outside of the call’s way.',
  },
  SCRIPT_FUNCTION_FAILED: {
    explanation: 'A function broke off; it counts as failed (-1), the script goes on.',
    action: 'This is a bug of the function: please report the line.',
  },
  SCRIPT_HOST_UNRESOLVED: {
    explanation: 'A host name in a condition (src_ip == name) has no address; the condition is false.',
    action: 'Check the name, or write the address.',
  },
  SCRIPT_LOOP_LIMIT: {
    explanation: 'A while loop went round too often and was ended; it counts as failed, the script goes on.',
    action: 'Check its condition, or raise max_while_loops.',
  },
  SCRIPT_REGEX: {
    explanation: 'A regular expression made at run time cannot be compiled; the call or comparison failed.',
    action: 'Escape what comes from the network before it becomes part of an expression.',
  },
  SCRIPT_ROUTE_FAILED: {
    explanation: 'A route broke off at a place that is not known; it counts as failed.',
    action: 'This is a bug: please report the line with the configuration.',
  },
  SCRIPT_SOCKET_REFUSED: {
    explanation:
      'force_send_socket() was called for a reply, which always goes out by the socket its request came in by.',
    action: 'Call it in request and branch routes only.',
  },
  SCRIPT_TOO_DEEP: {
    explanation: 'Routes call each other more than max_recursive_level deep; the innermost call failed.',
    action: 'Look for a route that calls itself by way of others.',
  },
  SCRIPT_UNKNOWN_ROUTE: {
    explanation: 'route() was called with a computed name, and there is no such route; the call failed.',
    action: 'Add the block, or test the name with check_route_exists().',
  },
  SCRIPT_UNSUPPORTED_FUNCTION: {
    explanation:
      'A function that this server does not have was reached; it failed. The server runs with "--unsupported warn".',
    action: 'See kamailio-compat.md for what takes its place.',
  },
  SCRIPT_URI_REFUSED: {
    explanation:
      'A function that changes the Request-URI cannot be applied to the one there is, or would make no URI of it.',
    action: 'Look at the URI in the message; a tel: URI has no host.',
  },
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

/** Code of a problem in a configuration that the checker or the linker finds. */
export type CheckErrorCode = keyof typeof CHECK_ERRORS;
/** Code of a failure while a script runs. */
export type ScriptErrorCode = keyof typeof SCRIPT_ERRORS;
