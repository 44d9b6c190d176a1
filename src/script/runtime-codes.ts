/** Codes of errors that scripts run into; each is in the log line that tells of it. */
export const runtimeCodes = {
  SCRIPT_FUNCTION_FAILED: 'A function failed unexpectedly; it counts as -1.',
  SCRIPT_ROUTE_FAILED: 'A route failed unexpectedly; it counts as -1.',
  SCRIPT_UNSUPPORTED_FUNCTION: 'A function that is not supported was called; it counts as -1.',
  SCRIPT_ARGUMENT: 'An argument is not of the kind the function needs; the call counts as -1.',
  SCRIPT_REGEX: 'A regular expression made at run time is bad.',
  SCRIPT_CONVERSION: 'A text that is no number was used as one; it counts as 0.',
  SCRIPT_DIVISION: 'Division by zero; the statement fails.',
  SCRIPT_ASSIGNMENT_REFUSED: 'A variable refused the value; it stays as it was.',
  SCRIPT_LOOP_LIMIT: 'A loop was ended after max_while_loops rounds.',
  SCRIPT_TOO_DEEP: 'Routes called each other more than max_recursive_level deep.',
  SCRIPT_UNKNOWN_ROUTE: 'A route called by a computed name does not exist.',
  SCRIPT_ASYNC_ROUTE: 'A route whose caller cannot wait called a function that answers later.',
  SCRIPT_URI_REFUSED: 'A core function cannot be applied to the Request-URI.',
  SCRIPT_ALIAS_REFUSED: 'force_tcp_alias() names a port that another connection of the peer serves; that one keeps it.',
  SCRIPT_SOCKET_REFUSED: 'A socket was forced for something that has none.',
  SCRIPT_EXEC_REFUSED: 'exec() was called; shell commands are refused.',
  SCRIPT_NO_INSTANCE: 'cfg_select() names an instance that the group does not have.',
  SCRIPT_HOST_UNRESOLVED: 'A host name in a condition has no address.',
} as const;

export type RuntimeCode = keyof typeof runtimeCodes;
