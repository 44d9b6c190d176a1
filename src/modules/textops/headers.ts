import { HDR_PRIVACY } from '../../message/header-name.ts';
import type { HeaderField } from '../../message/message.ts';
import type { ScriptContext } from '../../script/context.ts';
import { type BoundFunction, fn } from '../../script/module-definition.ts';
import { RegexError } from '../../script/regex.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_REQUEST } from '../../script/values.ts';
import {
  appendLines,
  BAD_HEADER,
  headerLines,
  headersWhere,
  insertLines,
  isHeaderName,
  removeHeader,
} from '../support/header-lines.ts';
import { fail, type TextopsFunction, type TextopsModule } from './instance.ts';

const RFB = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH;

/** Does something with checked header lines; refuses text that would break the message. */
function withLines(m: TextopsModule, name: string, text: string, act: (lines: string) => void): number {
  const lines = headerLines(text);
  if (lines === null) return fail(m, name, `${JSON.stringify(text)} is no header text`, BAD_HEADER);
  act(lines);
  return 1;
}

/** Headers of one name; null (logged) for a text that can be none. */
function named(m: TextopsModule, name: string, ctx: ScriptContext, header: string): HeaderField[] | null {
  if (isHeaderName(header)) return ctx.message.findByName(header);
  fail(m, name, `${JSON.stringify(header)} is no header name`, 'TEXTOPS_BAD_NAME');
  return null;
}

/** Removes headers. @returns 1 when there are any, else -1 */
function remove(ctx: ScriptContext, headers: readonly HeaderField[] | null): number {
  if (headers === null || headers.length === 0) return -1;
  for (const header of headers) removeHeader(ctx, header);
  return 1;
}

/** Functions that exist twice: once for constants, once (`_pv`) for texts with variables; here both take both. */
function twins(
  names: readonly string[],
  kind: 'str' | 'regex',
  bind: (m: TextopsModule, name: string) => (ctx: ScriptContext, argument: never) => number,
): TextopsFunction[] {
  return names.map((name) => fn(name, [kind], ROUTE_ANY, (m: TextopsModule) => bind(m, name) as BoundFunction));
}

function removeByIndex(m: TextopsModule, ctx: ScriptContext, name: string, index: number): number {
  const headers = named(m, 'remove_hf_idx', ctx, name);
  if (headers === null || !Number.isInteger(index)) return -1;
  const header = headers.at(index);
  if (header !== undefined) return remove(ctx, [header]);
  // Both are true in a condition, as in Kamailio, although nothing was there.
  return index < 0 ? 1 : 2;
}

function removeByValue(m: TextopsModule, ctx: ScriptContext, name: string, operator: string, text: string): number {
  let accepts: (value: string) => boolean;
  switch (operator) {
    case 'eq':
      accepts = (value) => value === text;
      break;
    case 'ne':
      accepts = (value) => value !== text;
      break;
    case 'in':
      accepts = (value) => value.includes(text);
      break;
    case 're':
      try {
        const regex = m.regexes.get(text, { ignoreCase: true, newline: true });
        accepts = (value) => regex.test(value);
      } catch (error) {
        if (!(error instanceof RegexError)) throw error;
        return fail(m, 'remove_hf_match', `bad expression "${text}": ${error.message}`, 'TEXTOPS_BAD_REGEX');
      }
      break;
    default:
      return fail(m, 'remove_hf_match', `unknown operator "${operator}"`, 'TEXTOPS_BAD_ARGUMENT');
  }
  const headers = named(m, 'remove_hf_match', ctx, name)?.filter((header) => accepts(ctx.message.valueOf(header)));
  if (headers === undefined) return -1;
  return headers.length === 0 ? -2 : remove(ctx, headers);
}

/** True when a Privacy header names this type (RFC 3323 §4.2: values are separated by semicolons). */
function hasPrivacy(ctx: ScriptContext, type: string): boolean {
  const wanted = type.trim().toLowerCase();
  return ctx.message.findAll(HDR_PRIVACY).some((header) =>
    ctx.message
      .valueOf(header)
      .split(/[;,]/)
      .some((value) => value.trim().toLowerCase() === wanted),
  );
}

/** Removes a parameter of the index-th Via value, counted from the top; negative counts from the end. */
function removeViaParam(ctx: ScriptContext, name: string, index: number): number {
  const via = ctx.message.vias.at(index);
  if (via === undefined || !isHeaderName(name)) return -1;
  const { raw } = ctx.message;
  const from = via.end - via.params.length;
  const pattern = new RegExp(
    `;\\s*${name.replace(/[.*+]/g, '\\$&')}(?:\\s*=\\s*(?:"[^"]*"|[^\\s;,"]*))?(?=\\s*(?:;|$))`,
    'i',
  );
  const match = pattern.exec(raw.slice(from, via.end));
  if (match === null) return -1;
  ctx.edits.replace(from + match.index, from + match.index + match[0].length, '');
  return 1;
}

export const HEADER_FUNCTIONS: readonly TextopsFunction[] = [
  fn('append_hf', ['str', 'str?'], ROUTE_ANY, (m) => (ctx, text, after) => {
    return withLines(m, 'append_hf', text, (lines) => appendLines(ctx, lines, after));
  }),
  fn('insert_hf', ['str', 'str?'], ROUTE_ANY, (m) => (ctx, text, before) => {
    return withLines(m, 'insert_hf', text, (lines) => insertLines(ctx, lines, before));
  }),
  fn('append_urihf', ['str', 'str'], RFB, (m) => (ctx, prefix, suffix) => {
    return withLines(m, 'append_urihf', prefix + ctx.message.requestUri + suffix, (lines) => appendLines(ctx, lines));
  }),
  fn('append_to_reply', ['str'], RFB, (m) => (ctx, text) => {
    return withLines(m, 'append_to_reply', text, (lines) => {
      ctx.state.replyHeaders += lines;
    });
  }),
  fn('append_time', [], RFB, (m) => (ctx) => {
    ctx.state.replyHeaders += dateLine(m);
    return 1;
  }),
  fn('append_time_to_request', [], ROUTE_ANY, (m) => (ctx) => {
    appendLines(ctx, dateLine(m));
    return 1;
  }),
  ...twins(
    ['remove_hf', 'remove_hf_pv'],
    'str',
    (m, name) => (ctx, header) => remove(ctx, named(m, name, ctx, header)),
  ),
  ...twins(['remove_hf_re', 'remove_hf_re_pv'], 'regex', () => (ctx, regex: RegExp) => {
    return remove(
      ctx,
      headersWhere(ctx.message, (header) => regex.test(header)),
    );
  }),
  ...['remove_hf_exp', 'remove_hf_exp_pv'].map((name) =>
    fn(name, ['regex', 'regex'], ROUTE_ANY, (_m: TextopsModule) => (ctx, match, skip) => {
      return remove(
        ctx,
        headersWhere(ctx.message, (header) => match.test(header) && !skip.test(header)),
      );
    }),
  ),
  fn('remove_hf_idx', ['str', 'int'], ROUTE_ANY, (m) => (ctx, name, index) => removeByIndex(m, ctx, name, index)),
  fn('remove_hf_match', ['str', 'str', 'str'], ROUTE_ANY, (m) => (ctx, name, operator, text) => {
    return removeByValue(m, ctx, name, operator, text);
  }),
  ...twins(['is_present_hf', 'is_present_hf_pv'], 'str', (m, name) => (ctx, header) => {
    return (named(m, name, ctx, header) ?? []).length > 0 ? 1 : -1;
  }),
  ...twins(['is_present_hf_re', 'is_present_hf_re_pv'], 'regex', () => (ctx, regex: RegExp) => {
    return ctx.message.headers.some((header) => regex.test(ctx.message.nameOf(header))) ? 1 : -1;
  }),
  fn('is_privacy', ['str'], ROUTE_ANY, () => (ctx, type) => (hasPrivacy(ctx, type) ? 1 : -1)),
  fn('via_param_rm', ['str', 'int'], ROUTE_ANY, () => removeViaParam),
];

function dateLine(m: TextopsModule): string {
  // RFC 3261 §20.17: always GMT, which is how JavaScript prints UTC.
  return `Date: ${new Date(m.host.clock.wall()).toUTCString()}\r\n`;
}
