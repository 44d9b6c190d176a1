/** The text of one generated function while it is being written. */

/** Collects the lines of a function body and knows what its declarations need. */
export class Frame {
  /** True for a function that may await. */
  readonly isAsync: boolean;
  private readonly lines: string[] = [];
  private indent = 1;
  private temps = 0;
  /** Set while an expression is written: it may have ended the script (it calls something). */
  canStop = false;
  /** Set while an expression is written: it may throw (it reads a variable or divides). */
  canThrow = false;

  constructor(isAsync: boolean) {
    this.isAsync = isAsync;
  }

  /** Begins a new expression: forgets what the last one could do. */
  begin(): void {
    this.canStop = false;
    this.canThrow = false;
  }

  line(text: string): void {
    this.lines.push('  '.repeat(this.indent) + text);
  }

  /** Writes `head {`, the body, `}` and what follows the brace. */
  block(head: string, body: () => void, tail = ''): void {
    this.line(`${head}{`);
    this.indent++;
    body();
    this.indent--;
    this.line(`}${tail}`);
  }

  /** A variable of the function, for an intermediate value. */
  temp(): string {
    return `t${++this.temps}`;
  }

  /** The function's text. */
  text(name: string, comment: string): string {
    const temps = Array.from({ length: this.temps }, (_, index) => `, t${index + 1}`).join('');
    const head = `${this.isAsync ? 'async ' : ''}function ${name}(ctx) { // ${comment.replace(/[^\x20-\x7e]/g, '?')}`;
    return [head, `  let r = 1, c = false${temps};`, ...this.lines, '  return r;', '}'].join('\n');
  }
}

/** A JavaScript literal of a value. */
export function literal(value: string | number | null): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  // A negative number in brackets, so that a minus before it does not make a decrement; -0 is 0.
  return value < 0 ? `(${value})` : String(value === 0 ? 0 : value);
}
