import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestState } from '../../proxy/request-state.ts';
import { beginning } from '../../rpc/json/slices.ts';
import { writeReply } from '../../rpc/json/write.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { ListenSocket } from '../../transport/transport.ts';

/** What a route answers an HTTP request with. */
export interface HttpReply {
  /** 200 to 699 */
  readonly code: number;
  readonly reason: string;
  /** Empty for none. */
  readonly contentType: string;
}

const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;

/** Nothing that would end the line: RFC 9112 §4, §5. */
function lineText(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ');
}

/** An HTTP request that a route is about, and its one answer. */
export class HttpExchange {
  /** Path and query ($hu). */
  readonly url: string;
  private readonly response: ServerResponse;
  private readonly sia: string;
  private readonly serverHeader: string;
  private answered = false;

  /**
   * @param sia value of the header Sia: the Via that the request was given
   * @param serverHeader whole line of the header Server, empty for none
   */
  constructor(request: IncomingMessage, response: ServerResponse, sia: string, serverHeader: string) {
    this.url = request.url ?? '';
    this.response = response;
    this.sia = sia;
    this.serverHeader = serverHeader;
  }

  /** False once an answer was given, or the client has gone. */
  get isOpen(): boolean {
    return !this.answered && !this.response.destroyed;
  }

  /**
   * Answers.
   * @param body latin1, one character a byte
   * @param extraHeaders lines that the route added (append_to_reply)
   * @returns false when it is too late for that
   */
  reply(reply: HttpReply, body: string, extraHeaders = ''): boolean {
    if (!this.isOpen) return false;
    const bytes = Buffer.from(body, 'latin1');
    this.head(reply, extraHeaders, bytes.length);
    this.response.end(bytes);
    return true;
  }

  /**
   * Answers with what is made while it is sent: in one piece when it is short, else chunked (RFC 9112 §7.1).
   * @param pieces text, sent as UTF-8
   * @throws Error when the client goes away or the pieces fail on the way
   */
  async stream(reply: HttpReply, pieces: Iterable<string>, extraHeaders = ''): Promise<boolean> {
    if (!this.isOpen) return false;
    const { text, rest } = beginning(pieces);
    if (rest === null) {
      const bytes = Buffer.from(text);
      this.head(reply, extraHeaders, bytes.length);
      this.response.end(bytes);
    } else {
      this.head(reply, extraHeaders, null);
      await writeReply(this.response, rest);
    }
    return true;
  }

  private head({ code, reason, contentType }: HttpReply, extraHeaders: string, length: number | null): void {
    this.answered = true;
    const { response } = this;
    response.sendDate = false; // the original sends none
    response.setHeader('Sia', this.sia);
    if (contentType !== '') response.setHeader('Content-Type', lineText(contentType));
    for (const line of `${extraHeaders}${this.serverHeader}`.split(/\r?\n/)) {
      const [, name = '', value = ''] = /^([^:\s]+)[ \t]*:[ \t]*(.*)$/.exec(line) ?? [];
      if (TOKEN.test(name) && !/^(?:content-length|transfer-encoding|connection)$/i.test(name))
        response.appendHeader(name, lineText(value));
    }
    // RFC 9110 §8.6: none with 204.
    if (length !== null && code !== 204) response.setHeader('Content-Length', length);
    response.writeHead(code, lineText(reason));
  }
}

const exchanges = new WeakMap<RequestState, HttpExchange>();

/** Says that a run of a route is about this exchange. */
export function attachHttp(state: RequestState, exchange: HttpExchange): void {
  exchanges.set(state, exchange);
}

/** The exchange that a route is about; null when it is about a SIP message. */
export function httpOf(ctx: ScriptContext): HttpExchange | null {
  return exchanges.get(ctx.state) ?? null;
}

/** Value of the Via that stands for an HTTP client, as the original writes it. */
export function clientVia(request: IncomingMessage, socket: ListenSocket): string {
  const { remoteAddress: ip = '', remotePort = 0 } = request.socket;
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return `SIP/2.0/${socket.proto === 'tls' || socket.proto === 'wss' ? 'TLS' : 'TCP'} ${host}:${remotePort}`;
}
