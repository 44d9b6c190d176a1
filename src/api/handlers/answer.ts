import type { ScriptContext } from '../../script/context.ts';
import { ApiError } from '../errors.ts';
import { toWire } from '../wire-text.ts';
import type { World } from '../world.ts';
import { headerLine } from './message-headers.ts';

/** What a reply made here has besides its status. */
export interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Of the body. Default text/plain. */
  readonly contentType?: string;
}

/** Reason phrases of RFC 3261 §21 and its extensions that routes send most. */
const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  305: 'Use Proxy',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  485: 'Ambiguous',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
};

/** Answers a request here: by its transaction when there is one, else without. @returns false when it has its final reply already */
export function answer(
  world: World,
  ctx: ScriptContext,
  status: number,
  reason: string | undefined,
  options: AnswerOptions,
): boolean {
  if (!Number.isInteger(status) || status < 100 || status > 699)
    throw new ApiError('API_ARGUMENT', `${status} is no status code`);
  const { state } = ctx;
  for (const [name, values] of Object.entries(options.headers ?? {}))
    for (const value of typeof values === 'string' ? [values] : values) state.replyHeaders += headerLine(name, value);
  if (options.body !== undefined) {
    const type = options.contentType ?? 'text/plain';
    headerLine('Content-Type', type);
    state.replyBody = toWire(options.body);
    state.replyContentType = type;
  }
  return world.ksr(ctx).sl.send_reply(status, reason ?? REASONS[status] ?? 'Unknown') > 0;
}
