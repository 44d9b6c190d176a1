/** What an operator reads about one error code: what happened and what to do about it. */
export interface ErrorExplanation {
  readonly explanation: string;
  readonly action: string;
}

/** Every error code of the transaction layer, with its explanation. Listed in docs/errors.md. */
export const TRANSACTION_ERRORS = {
  TRANSACTION_LIMIT: {
    explanation: 'The limit on concurrent transactions is reached; running ones go on, no new one is created.',
    action:
      'Raise maxTransactions if memory allows it (about 1 to 2 KB each), shorten wt_timer, or find out who sends so much; the request is best answered with 503 and Retry-After.',
  },
  TRANSACTION_EXISTS: {
    explanation: 'A transaction with the same key (Via branch, sent-by, method) exists already.',
    action:
      'Nothing for a retransmission. In own code: match a request before creating its transaction, use a new branch for each request.',
  },
  TRANSACTION_USER_ERROR: {
    explanation: 'The code that handles a transaction event threw; the event is lost for it, the transaction goes on.',
    action: 'This is a bug in that code: read the stack trace of the cause in the log.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of an error of this layer. */
export type TransactionErrorCode = keyof typeof TRANSACTION_ERRORS;

/** An error of this layer; `cause` is what was thrown. */
export class TransactionError extends Error {
  readonly code: TransactionErrorCode;
  constructor(code: TransactionErrorCode, what: string, cause?: unknown) {
    super(`${code}: ${what}. ${TRANSACTION_ERRORS[code].explanation} ${TRANSACTION_ERRORS[code].action}`, { cause });
    this.name = 'TransactionError';
    this.code = code;
  }
}
