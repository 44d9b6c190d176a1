const OPEN = /[{[]/;

/**
 * Cuts a stream of characters into JSON objects and arrays, with or without anything between them. What is neither is taken to the end of its
 * line, so that it can be answered with an error and the next request is found.
 */
export class JsonFramer {
  private readonly most: number;
  private text = '';
  /** Where to go on looking. */
  private at = 0;
  private depth = 0;
  private inString = false;

  /** @param most characters of the largest request */
  constructor(most: number) {
    this.most = most;
  }

  /** True while a request has begun and is not complete. */
  get isOpen(): boolean {
    return this.text !== '';
  }

  /** Forgets what has begun. */
  reset(): void {
    this.text = '';
    this.at = 0;
    this.depth = 0;
    this.inString = false;
  }

  /** @returns the requests that are complete now; null when one is larger than it may be: it is forgotten, with what came with it */
  push(chunk: string): string[] | null {
    this.text += chunk;
    const found: string[] = [];
    for (let next = this.take(); next !== null; next = this.take()) found.push(next);
    if (this.text.length <= this.most) return found;
    this.reset();
    return null;
  }

  private take(): string | null {
    if (this.at === 0) {
      this.text = this.text.trimStart();
      if (this.text === '') return null;
      if (!OPEN.test(this.text.charAt(0))) {
        const end = this.text.indexOf('\n');
        return end < 0 ? null : this.cut(end);
      }
    }
    const { text } = this;
    for (let { at } = this; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (this.inString) {
        if (char === 0x5c) at++;
        else if (char === 0x22) this.inString = false;
      } else if (char === 0x22) this.inString = true;
      else if (char === 0x7b || char === 0x5b) this.depth++;
      else if ((char === 0x7d || char === 0x5d) && --this.depth === 0) return this.cut(at + 1);
      // A backslash at the very end: what it stands before is still to come.
      this.at = at + 1;
    }
    return null;
  }

  private cut(end: number): string {
    const found = this.text.slice(0, end);
    this.text = this.text.slice(end);
    this.at = 0;
    this.depth = 0;
    this.inString = false;
    return found;
  }
}
