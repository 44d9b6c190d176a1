import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpMessage } from '../message/http-message.ts';
import { RequestState } from '../proxy/request-state.ts';
import { ScriptContext } from '../script/context.ts';
import { L_ERR, L_WARN } from '../script/log.ts';
import {
  callbackParam,
  defineModule,
  fn,
  ModuleError,
  type ModuleHost,
  strParam,
} from '../script/module-definition.ts';
import type { CompiledRoute, Program } from '../script/program.ts';
import { ROUTE_ANY, ROUTE_EVENT } from '../script/values.ts';
import type { ListenSocket, Received } from '../transport/transport.ts';
import { failure } from './support/failure.ts';
import { attachHttp, clientVia, HttpExchange, httpOf } from './support/http-exchange.ts';

/** Bytes of the largest body, and milliseconds in which all of it must have come. */
const MAX_BODY = 1 << 20;
const BODY_TIME = 20_000;

/** Requests that may be at work at once; more get 503. */
const MAX_RUNNING = 256;

const EVENT = 'xhttp:request';

/** State of one program's xhttp module. */
interface XhttpModule {
  readonly host: ModuleHost;
  readonly match: RegExp | null;
  readonly skip: RegExp | null;
  running: number;
  release: () => void;
}

/** A POSIX expression of a parameter; null when there is none. @throws ModuleError */
function expression(name: string, text: string): RegExp | null {
  if (text === '') return null;
  try {
    return new RegExp(text);
  } catch {
    throw new ModuleError('XHTTP_EXPRESSION', `"${text}" is no regular expression`, name);
  }
}

/**
 * Reads a request's body.
 * @returns latin1, one character a byte; null when it is too large
 */
function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const late = setTimeout(() => request.destroy(new Error('the body did not come in time')), BODY_TIME);
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= MAX_BODY) parts.push(part);
      else resolve(null);
    });
    request.once('end', () => resolve(Buffer.concat(parts).toString('latin1')));
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(late);
      reject(new Error('the client has gone'));
    });
  });
}

/** Runs the route for one request. Whatever becomes of it, there is an answer. */
async function serve(
  m: XhttpModule,
  program: Program,
  route: CompiledRoute,
  request: IncomingMessage,
  response: ServerResponse,
  socket: ListenSocket,
): Promise<void> {
  const { settings, clock } = m.host;
  const via = clientVia(request, socket);
  const exchange = new HttpExchange(request, response, via, settings.serverSignature ? settings.serverHeader : '');
  const body = await readBody(request);
  if (body === null) {
    exchange.reply({ code: 413, reason: 'Content Too Large', contentType: '' }, '');
    return;
  }
  const { remoteAddress: ip = '', remotePort: port = 0 } = request.socket;
  const received: Received = { socket, ip, port, connection: 0, at: clock.now() };
  const { method = 'GET', httpVersion: version, rawHeaders: headers } = request;
  const message = httpMessage({ method, url: exchange.url, version, headers, body, via });
  const state = new RequestState(message, received, program.hooks);
  attachHttp(state, exchange);
  const ctx = new ScriptContext(
    program,
    ROUTE_EVENT,
    message,
    state,
    state.target,
    state.edits,
    null,
    null,
    received,
    0,
  );
  await program.run(route, ctx);
  // The original leaves such a client waiting.
  exchange.reply({ code: 404, reason: 'Not Found', contentType: '' }, '');
}

function arrived(
  m: XhttpModule,
  program: Program,
  request: IncomingMessage,
  response: ServerResponse,
  socket: ListenSocket,
) {
  const refuse = (code: number): void => {
    response.writeHead(code, { 'Content-Length': 0 }).end();
  };
  const url = request.url ?? '';
  const route = program.route('event', EVENT);
  if (route === null || m.skip?.test(url) === true || m.match?.test(url) === false) {
    refuse(404);
    return;
  }
  if (m.running >= MAX_RUNNING) {
    refuse(503);
    return;
  }
  m.running++;
  serve(m, program, route, request, response, socket)
    .catch((error: unknown) => {
      const from = `${request.socket.remoteAddress ?? 'a client'}`;
      const why = error instanceof Error ? error.message : String(error);
      m.host.log.write(L_WARN, 'xhttp', `request of ${from}: ${why}`, 'XHTTP_REQUEST_FAILED');
      if (response.headersSent) response.destroy();
      else refuse(500);
    })
    .finally(() => {
      m.running--;
    });
}

/** xhttp_reply(): answers the request. */
function reply(
  m: XhttpModule,
  ctx: ScriptContext,
  code: string,
  reason: string,
  contentType: string,
  body: string,
): number {
  const exchange = httpOf(ctx);
  const status = /^[2-6]\d\d$/.test(code) ? Number(code) : 0;
  const refused = (text: string, error: string): number => failure(m.host.log, 'xhttp', `xhttp_reply: ${text}`, error);
  if (exchange === null) return refused('the message is no HTTP request', 'XHTTP_NO_REQUEST');
  if (status === 0) return refused(`"${code}" is no final status code`, 'XHTTP_BAD_REPLY');
  if (reason === '') return refused('the reason is empty', 'XHTTP_BAD_REPLY');
  if (exchange.reply({ code: status, reason, contentType }, body, ctx.state.replyHeaders)) return 1;
  return refused('the request was answered, or its client has gone', 'XHTTP_LATE');
}

/** xhttp: HTTP requests that arrive on the SIP ports for tcp and tls. */
export const xhttp = defineModule<XhttpModule>({
  name: 'xhttp',
  after: [],
  parameters: [
    strParam('url_match', null, 'yes: others get 404'),
    strParam('url_skip', null, 'yes: they get 404'),
    callbackParam('event_callback', [EVENT]),
  ],
  functions: [
    fn(
      'xhttp_reply',
      ['str', 'str', 'str', 'str'],
      ROUTE_ANY,
      (m) => (ctx, code, reason, contentType, body) => reply(m, ctx, code, reason, contentType, body),
      { support: 'yes: a request that no route answers gets 404; the connection ends with the reply' },
    ),
  ],
  variables: [
    {
      name: 'hu',
      writable: false,
      inner: 'none',
      support: 'yes',
      bind: () => (_inner, _index, text) => ({ text, get: (ctx) => httpOf(ctx)?.url ?? null, int: null, set: null }),
    },
  ],
  transformations: [],
  eventRoutes: [EVENT],
  create: (host, parameters) => ({
    host,
    match: expression('url_match', parameters.str('url_match')),
    skip: expression('url_skip', parameters.str('url_skip')),
    running: 0,
    release: () => {},
  }),
  start: (m, program) => {
    if (program.route('event', EVENT) === null)
      m.host.log.write(L_ERR, 'xhttp', `there is no event_route[${EVENT}]: every request gets 404`, 'XHTTP_NO_ROUTE');
    m.release = m.host.http.take((request, response, socket) => arrived(m, program, request, response, socket));
  },
  stop: (m) => m.release(),
});
