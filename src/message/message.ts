import { uintAt } from './chars.ts';
import type { CSeq } from './cseq.ts';
import { parseCSeq } from './cseq.ts';
import {
  HDR_CALL_ID,
  HDR_CSEQ,
  HDR_FROM,
  HDR_MAX_FORWARDS,
  HDR_OTHER,
  HDR_TO,
  HDR_VIA,
  type HeaderId,
  headerId,
} from './header-name.ts';
import type { NameAddr } from './name-addr.ts';
import { parseNameAddr } from './name-addr.ts';
import type { SipUri } from './uri.ts';
import { parseUri } from './uri.ts';
import type { Via } from './via.ts';
import { parseVia } from './via.ts';

/** Where one header line (with its folded continuation lines) stands in the raw message. All are offsets into {@link SipMessage.raw}. */
export interface HeaderField {
  readonly id: HeaderId;
  /** First character of the name, which is also the first character of the line. */
  readonly start: number;
  readonly nameEnd: number;
  /** First character of the value after blanks; equals `valueEnd` for an empty value. */
  readonly valueStart: number;
  /** After the value's last non-blank character. */
  readonly valueEnd: number;
  /** After the line's CRLF: where the next header starts. */
  readonly end: number;
}

/**
 * One received (or locally built) SIP message. It never changes: `raw` holds its bytes one to one as latin1 characters, the
 * header index is made by one scan, and typed headers are parsed when first asked for and kept.
 * Text read from it is latin1; decode UTF-8 only where it leaves for people (logs, RPC).
 */
export class SipMessage {
  readonly raw: string;
  readonly isRequest: boolean;
  /** Request method, or for a response the method of its CSeq (empty if that is unreadable). */
  readonly method: string;
  /** Bit of {@link method}, see method.ts. */
  readonly methodId: number;
  /** Request-URI as received; empty for a response. */
  readonly requestUri: string;
  /** Offset of the Request-URI in `raw` (requests), so that edits can replace it. */
  readonly requestUriStart: number;
  /** Status code, 0 for a request. */
  readonly status: number;
  /** Reason phrase, empty for a request. */
  readonly reason: string;
  readonly version: string;
  readonly headers: readonly HeaderField[];
  /** Offset of the first header line. */
  readonly headersStart: number;
  /** Offset of the empty line's CRLF that ends the headers. */
  readonly headersEnd: number;
  readonly bodyStart: number;
  /** End of the body: by Content-Length when there is one, else the end of the datagram (RFC 3261 §18.3). */
  readonly bodyEnd: number;

  private viaCache: readonly Via[] | null = null;
  private topViaCache: Via | null | undefined;
  private fromCache: NameAddr | null | undefined;
  private toCache: NameAddr | null | undefined;
  private cseqCache: CSeq | null | undefined;
  private ruriCache: SipUri | null | undefined;

  constructor(parts: SipMessageParts) {
    this.raw = parts.raw;
    this.isRequest = parts.isRequest;
    this.method = parts.method;
    this.methodId = parts.methodId;
    this.requestUri = parts.requestUri;
    this.requestUriStart = parts.requestUriStart;
    this.status = parts.status;
    this.reason = parts.reason;
    this.version = parts.version;
    this.headers = parts.headers;
    this.headersStart = parts.headersStart;
    this.headersEnd = parts.headersEnd;
    this.bodyStart = parts.bodyStart;
    this.bodyEnd = parts.bodyEnd;
    this.topViaCache = parts.topVia;
    this.fromCache = parts.from;
    this.toCache = parts.to;
    this.cseqCache = parts.cseq;
    this.ruriCache = parts.ruri;
  }

  /** The first header with this id, or undefined. */
  find(id: HeaderId): HeaderField | undefined {
    const { headers } = this;
    for (let i = 0; i < headers.length; i++) {
      const header = headers[i] as HeaderField;
      if (header.id === id) return header;
    }
    return undefined;
  }

  /** Every header with this id, in message order. */
  findAll(id: HeaderId): HeaderField[] {
    return this.headers.filter((header) => header.id === id);
  }

  /** Every header of this name (any case, compact forms equal), known to the stack or not. */
  findByName(name: string): HeaderField[] {
    const id = headerId(name);
    if (id !== HDR_OTHER) return this.findAll(id);
    const lower = name.toLowerCase();
    return this.headers.filter(
      (header) =>
        header.id === HDR_OTHER &&
        header.nameEnd - header.start === lower.length &&
        this.raw.slice(header.start, header.nameEnd).toLowerCase() === lower,
    );
  }

  /** A header's name as spelt in the message. */
  nameOf(header: HeaderField): string {
    return this.raw.slice(header.start, header.nameEnd);
  }

  /** A header's value as it stands in the message, folding included. */
  valueOf(header: HeaderField): string {
    return this.raw.slice(header.valueStart, header.valueEnd);
  }

  /** Value of the first header with this id, or undefined when it is absent. */
  value(id: HeaderId): string | undefined {
    const header = this.find(id);
    return header === undefined ? undefined : this.raw.slice(header.valueStart, header.valueEnd);
  }

  /** The body's bytes as latin1 text; empty when there is none. */
  get body(): string {
    return this.bodyEnd > this.bodyStart ? this.raw.slice(this.bodyStart, this.bodyEnd) : '';
  }

  /** First value of the first Via, or null when it is missing or unreadable. */
  get topVia(): Via | null {
    if (this.topViaCache === undefined) {
      const header = this.find(HDR_VIA);
      this.topViaCache = header === undefined ? null : parseVia(this.raw, header.valueStart, header.valueEnd);
    }
    return this.topViaCache;
  }

  /** All Via values, comma lists taken apart, topmost first. Unreadable ones end the list. */
  get vias(): readonly Via[] {
    if (this.viaCache === null) {
      this.viaCache = this.readVias();
    }
    return this.viaCache;
  }

  /** From, or null when missing or unreadable. */
  get from(): NameAddr | null {
    if (this.fromCache === undefined) this.fromCache = this.nameAddr(HDR_FROM);
    return this.fromCache;
  }

  /** To, or null when missing or unreadable. */
  get to(): NameAddr | null {
    if (this.toCache === undefined) this.toCache = this.nameAddr(HDR_TO);
    return this.toCache;
  }

  /** Call-ID, empty when missing. */
  get callId(): string {
    return this.value(HDR_CALL_ID) ?? '';
  }

  /** CSeq, or null when missing or unreadable. */
  get cseq(): CSeq | null {
    if (this.cseqCache === undefined) {
      const header = this.find(HDR_CSEQ);
      this.cseqCache = header === undefined ? null : parseCSeq(this.raw, header.valueStart, header.valueEnd);
    }
    return this.cseqCache;
  }

  /** Request-URI as received, parsed; null for a response or an unreadable one. */
  get ruri(): SipUri | null {
    if (this.ruriCache === undefined) this.ruriCache = this.isRequest ? parseUri(this.requestUri) : null;
    return this.ruriCache;
  }

  /** Max-Forwards as a number, -1 when absent, NaN when it is not a number. */
  get maxForwards(): number {
    const header = this.find(HDR_MAX_FORWARDS);
    if (header === undefined) return -1;
    const value = uintAt(this.raw, header.valueStart, header.valueEnd, 0x7fffffff);
    return value < 0 ? Number.NaN : value;
  }

  private readVias(): Via[] {
    const list: Via[] = [];
    for (const header of this.headers) {
      if (header.id !== HDR_VIA) continue;
      let at = header.valueStart;
      do {
        const via = parseVia(this.raw, at, header.valueEnd);
        // What follows an unreadable one must not be taken for the next hop.
        if (via === null) return list;
        list.push(via);
        at = via.end + 1; // past the comma
      } while (at <= header.valueEnd);
    }
    return list;
  }

  private nameAddr(id: HeaderId): NameAddr | null {
    const header = this.find(id);
    return header === undefined ? null : parseNameAddr(this.raw, header.valueStart, header.valueEnd);
  }
}

/** Fields of a {@link SipMessage} that its parser knows. */
type ParsedField =
  | 'raw'
  | 'isRequest'
  | 'method'
  | 'methodId'
  | 'requestUri'
  | 'requestUriStart'
  | 'status'
  | 'reason'
  | 'version'
  | 'headers'
  | 'headersStart'
  | 'headersEnd'
  | 'bodyStart'
  | 'bodyEnd';

/** What a parser hands to the constructor of {@link SipMessage}. */
export interface SipMessageParts extends Pick<SipMessage, ParsedField> {
  /** What the parser found already, null for unreadable; absent to have it parsed on first use. */
  readonly topVia?: Via | null;
  readonly from?: NameAddr | null;
  readonly to?: NameAddr | null;
  readonly cseq?: CSeq | null;
  readonly ruri?: SipUri | null;
}
