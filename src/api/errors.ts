import type { ErrorExplanation } from '../transport/errors.ts';

/** Every error code of TypeScript routes, with its explanation. Listed in docs/errors.md. */
export const API_ERRORS = {
  CFG_CODE_SYNTAX: {
    explanation:
      'A TypeScript or JavaScript file cannot be read as a module: a syntax error, or an import that does not exist.',
    action:
      'Look at the place in the message. Only syntax that can be taken out again is allowed (erasableSyntaxOnly): no enum, no namespace, no parameter properties.',
  },
  CFG_CODE_FAILED: {
    explanation: 'A TypeScript or JavaScript file threw an error while it was loaded.',
    action: 'The message has the error and its place; nothing of the file is in force.',
  },
  CFG_CODE_EXPORT: {
    explanation:
      'An export of a routes file is not what its name says: a handler that is no function, a table that is none, or no request handler.',
    action:
      'Correct the export; the message says what is wanted. An editor shows the same with `const request: RequestHandler = …`.',
  },
  API_HANDLER_FAILED: {
    explanation:
      'A handler threw an error. The message that it handled goes on as if it had returned; a request that it left without an answer gets 500.',
    action: 'The line has the error and the place in the file.',
  },
  API_HANDLER_SLOW: {
    explanation:
      'A handler has waited for longer than the limit (waitLimit, wait_limit). It is not waited for any more; the call and the server go on.',
    action: 'Give what it waits for a time limit of its own, such as AbortSignal.timeout().',
  },
  API_UNHANDLED_REJECTION: {
    explanation: 'A promise of a routes file failed that nobody waited for; the server goes on.',
    action: 'Put an await before it, or a catch behind it.',
  },
  API_UNKNOWN_FUNCTION: {
    explanation: 'A function was called by a name that the module does not have.',
    action: 'Correct the name; an editor knows all of them.',
  },
  API_MODULE_NOT_LOADED: {
    explanation: 'A function of a module was called that the configuration does not load.',
    action: 'Name it among the modules of the configuration: modules: { name: {} }.',
  },
  API_ARGUMENT: {
    explanation: 'A function was given an argument of the wrong kind, or too many or too few.',
    action: 'Give what the message says; an editor shows it.',
  },
  API_WRONG_ROUTE: {
    explanation: 'A function was called by a handler in which it has no meaning.',
    action: 'Call it in one of the handlers that the message names.',
  },
  API_UNKNOWN_ROUTE: {
    explanation: 'A route was armed (onFailure, t_on_failure…) by a name that the file does not export.',
    action: 'Correct the name, or give the function itself.',
  },
  API_VARIABLE: {
    explanation: 'A variable was named that does not exist or cannot be written.',
    action: 'Correct the name (case counts), or load the module it belongs to.',
  },
  API_HEADER: {
    explanation: 'A header was given that would break the message.',
    action: 'Name and value are one line each; a name holds no blanks and no colon.',
  },
  API_SEND: {
    explanation: 'A request of our own could not be put together.',
    action: 'The message names the field.',
  },
} as const satisfies Record<string, ErrorExplanation>;

export type ApiErrorCode = Exclude<keyof typeof API_ERRORS, `CFG_${string}`>;

/** What a handler did wrong; thrown into it, so that the log names the line. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  constructor(code: ApiErrorCode, message: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
  }
}
