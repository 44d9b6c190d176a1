import { reasonPhrase } from '../../message/reason-phrase.ts';
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
  if (state.transaction === null && state.repliedStateless && status >= 200) return false;
  for (const [name, values] of Object.entries(options.headers ?? {}))
    for (const value of typeof values === 'string' ? [values] : values) state.replyHeaders += headerLine(name, value);
  if (options.body !== undefined) {
    const type = options.contentType ?? 'text/plain';
    headerLine('Content-Type', type);
    state.replyBody = toWire(options.body);
    state.replyContentType = type;
  }
  return world.ksr(ctx).sl.send_reply(status, reason ?? reasonPhrase(status)) > 0;
}
