import assert from 'node:assert/strict';
import { digestAlgorithm } from '../digest/algorithm.ts';
import { computeResponse, userHa1 } from '../digest/digest.ts';
import { parseCredentials } from '../message/auth-header.ts';
import type { SipMessage } from '../message/message.ts';
import { ParseFailure, parseMessage } from '../message/parser.ts';

/** A message as a test sees it. */
export class TestMessage {
  /** The whole text. */
  readonly text: string;
  /** For what is not below. */
  readonly message: SipMessage;

  constructor(text: string) {
    const message = parseMessage(text);
    if (message instanceof ParseFailure) assert.fail(`${message.code}: ${message.reason}\n${text}`);
    this.text = text;
    this.message = message;
  }

  get isRequest(): boolean {
    return this.message.isRequest;
  }
  get method(): string {
    return this.message.method;
  }
  /** Of a reply; 0 for a request. */
  get status(): number {
    return this.message.status;
  }
  get reason(): string {
    return decoded(this.message.reason);
  }
  /** Of a request. */
  get ruri(): string {
    return decoded(this.message.requestUri);
  }
  get callId(): string {
    return this.message.callId;
  }
  get cseq(): number {
    return this.message.cseq?.seq ?? 0;
  }
  get body(): string {
    return decoded(this.message.body);
  }

  /** Value of the first header of a name; empty when there is none. */
  header(name: string): string {
    return this.all(name)[0] ?? '';
  }

  /** Values of all headers of a name. */
  all(name: string): string[] {
    return this.message.findByName(name).map((found) => decoded(this.message.valueOf(found)));
  }

  /** Start line and CSeq number: one line of a story. */
  get summary(): string {
    const { isRequest, method, status, reason, cseq } = this;
    return isRequest ? `${method} ${this.ruri} (CSeq ${cseq})` : `${status} ${reason} (CSeq ${cseq} ${method})`;
  }

  /** True when it has an Authorization or Proxy-Authorization that is right for this user and password. */
  provesPassword(user: string, password: string): boolean {
    const given = [...this.all('Authorization'), ...this.all('Proxy-Authorization')].flatMap((value) =>
      parseCredentials(value),
    );
    return given.some((one) => {
      const algorithm = one.kind === 'digest' ? digestAlgorithm(one.algorithm || 'MD5') : undefined;
      if (one.kind !== 'digest' || algorithm === undefined || one.username !== user) return false;
      const ha1 = userHa1(algorithm.hash, user, one.realm, password);
      const { uri, nonce, qop, nc, cnonce } = one;
      return (
        one.response.toLowerCase() ===
        computeResponse({ algorithm, ha1, method: this.method, uri, nonce, qop, nc, cnonce, body: this.message.body })
      );
    });
  }
}

function decoded(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}

/** Text as bytes, one character for each, as messages hold it. */
export function encoded(text: string): string {
  return Buffer.from(text).toString('latin1');
}
