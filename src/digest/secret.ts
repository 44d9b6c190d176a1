const MASK = '***';

/**
 * A text that does not print: a password or an HA1. Every way a value reaches a log or a dump by accident (string
 * conversion, JSON, util.inspect) yields `***`; only {@link Secret.reveal} gives the text.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Every call of it is a place to look at in a review. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}
