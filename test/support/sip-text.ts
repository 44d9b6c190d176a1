/**
 * A SIP message as a test sees it: cut by a few lines of code that share nothing with the parser under test, so that a mistake of that
 * parser cannot hide itself.
 */

/** One header line, unfolded. */
export interface HeaderLine {
  /** As written. */
  readonly name: string;
  /** Full name in lower case; compact forms are spelt out. */
  readonly key: string;
  readonly value: string;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  c: 'content-type',
  l: 'content-length',
  s: 'subject',
  k: 'supported',
  e: 'content-encoding',
  o: 'event',
  r: 'refer-to',
};

/** A message cut into start line, headers and body. */
export class SipText {
  readonly text: string;
  readonly startLine: string;
  readonly headers: readonly HeaderLine[];
  readonly body: string;

  constructor(text: string) {
    this.text = text;
    const end = text.indexOf('\r\n\r\n');
    const head = end < 0 ? text : text.slice(0, end);
    this.body = end < 0 ? '' : text.slice(end + 4);
    const [startLine = '', ...lines] = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
    this.startLine = startLine;
    this.headers = lines.map((line) => {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0)).trimEnd();
      const key = name.toLowerCase();
      return { name, key: COMPACT[key] ?? key, value: line.slice(colon + 1).trim() };
    });
  }

  get isRequest(): boolean {
    return !this.startLine.startsWith('SIP/2.0 ');
  }

  /** Status of a reply, 0 for a request. */
  get status(): number {
    return this.isRequest ? 0 : Number(this.startLine.slice(8, 11));
  }

  /** Request method, or the method of a reply's CSeq. */
  get method(): string {
    return this.isRequest ? this.startLine.slice(0, this.startLine.indexOf(' ')) : this.cseq.method;
  }

  get uri(): string {
    return this.startLine.split(' ')[1] ?? '';
  }

  /** First value of a header, empty when there is none. */
  header(name: string): string {
    return this.all(name)[0] ?? '';
  }

  /** Every line of a header. */
  all(name: string): string[] {
    const key = name.toLowerCase();
    return this.headers.filter((line) => line.key === key).map((line) => line.value);
  }

  get cseq(): { readonly seq: number; readonly method: string } {
    const [seq = '0', method = ''] = this.header('CSeq').split(/\s+/);
    return { seq: Number(seq), method };
  }

  get callId(): string {
    return this.header('Call-ID');
  }

  /** Tag of From or To, empty when there is none. */
  tag(name: 'From' | 'To'): string {
    return /;\s*tag=([^;>\s]+)\s*$|;\s*tag=([^;>\s]+)\s*;/i.exec(this.header(name))?.slice(1).find(Boolean) ?? '';
  }

  /** URI of the first value of a name-addr header. */
  uriOf(name: string): string {
    const value = this.header(name);
    return /<([^>]*)>/.exec(value)?.[1] ?? value.replace(/;.*$/, '').trim();
  }

  /** Values of Record-Route or Route, one element for each URI, in order. */
  routes(name: 'Record-Route' | 'Route'): string[] {
    return this.all(name).flatMap((value) => value.split(/,\s*(?=[^<>]*<)/).map((one) => one.trim()));
  }

  /** Branch of the top Via. */
  get branch(): string {
    return /;\s*branch=([^;,\s]+)/i.exec(this.header('Via'))?.[1] ?? '';
  }
}
