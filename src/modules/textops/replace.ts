import type { HeaderField } from '../../message/message.ts';
import { parseUri } from '../../message/uri.ts';
import { withUser } from '../../message/uri-build.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn, type SedExpression } from '../../script/module-definition.ts';
import { RegexError } from '../../script/regex.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../script/values.ts';
import {
  appendAfter,
  applyTextEdits,
  byRegex,
  byText,
  editHeaders,
  editText,
  type Finder,
  type Region,
  type TextEdit,
} from '../support/text-edits.ts';
import { fail, type TextopsFunction, type TextopsModule } from './instance.ts';

const RFBO = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH | ROUTE_ONREPLY;
const BREAKS = 'the replacement would break the header lines';

/** 1 when something was replaced, -1 when nothing was found or the result would be no message. */
function edit(m: TextopsModule, name: string, ctx: ScriptContext, region: Region, find: Finder, first = false): number {
  const count = editText(ctx, region, find, first);
  if (count < 0) return fail(m, name, BREAKS, 'TEXTOPS_BAD_HEADER');
  return count > 0 ? 1 : -1;
}

function bySed(ctx: ScriptContext, sed: SedExpression): Finder {
  return byRegex(sed.regex, (match) => sed.replacement(ctx, match), sed.global);
}

/** The text after a substitution, or null when nothing matched. */
function substituted(ctx: ScriptContext, sed: SedExpression, text: string): string | null {
  const found = bySed(ctx, sed)(text);
  return found.length === 0 ? null : applyTextEdits(text, found);
}

/** Headers of a name that a mode means: `a` all, `f` the first, `l` the last; null (logged) for another mode. */
function chosen(
  m: TextopsModule,
  name: string,
  ctx: ScriptContext,
  header: string,
  mode: string,
): readonly HeaderField[] | null {
  const headers = ctx.message.findByName(header);
  switch (mode) {
    case 'a':
      return headers;
    case 'f':
      return headers.slice(0, 1);
    case 'l':
      return headers.slice(-1);
    default:
      fail(m, name, `mode "${mode}" is none of a, f, l`, 'TEXTOPS_BAD_ARGUMENT');
      return null;
  }
}

function substHeader(m: TextopsModule, ctx: ScriptContext, header: string, sed: SedExpression, mode: string): number {
  const headers = chosen(m, 'subst_hf', ctx, header, mode);
  if (headers === null) return -1;
  const edits: TextEdit[] = [];
  for (const { valueStart, valueEnd } of headers) {
    for (const { start, end, text } of bySed(ctx, sed)(ctx.message.raw.slice(valueStart, valueEnd))) {
      edits.push({ start: start + valueStart, end: end + valueStart, text });
    }
  }
  if (edits.length === 0) return -1;
  return editHeaders(ctx, edits) ? 1 : fail(m, 'subst_hf', BREAKS, 'TEXTOPS_BAD_HEADER');
}

function substUri(m: TextopsModule, ctx: ScriptContext, sed: SedExpression): number {
  const uri = substituted(ctx, sed, ctx.target.uri);
  if (uri === null) return -1;
  // It goes into the request line: nothing may end it there.
  if (uri === '' || /[\x00-\x20<>"\x7f]/.test(uri)) {
    return fail(m, 'subst_uri', `${JSON.stringify(uri)} cannot be a Request-URI`, 'TEXTOPS_BAD_URI');
  }
  ctx.target.uri = uri;
  return 1;
}

function substUser(m: TextopsModule, ctx: ScriptContext, sed: SedExpression): number {
  const uri = parseUri(ctx.target.uri);
  if (uri === null) return fail(m, 'subst_user', `"${ctx.target.uri}" is no URI`, 'TEXTOPS_BAD_URI');
  const user = substituted(ctx, sed, uri.user ?? '');
  if (user === null) return -1;
  ctx.target.uri = withUser(uri, user === '' ? undefined : user);
  return 1;
}

/** replace…_str: plain comparison, first (`f`) or all (`a`); true even when nothing was found, as in Kamailio. */
function replaceText(name: string, region: Region): TextopsFunction {
  return fn(name, ['str', 'str', 'str'], ROUTE_ANY, (m: TextopsModule) => (ctx, wanted, text, mode) => {
    if (mode !== 'a' && mode !== 'f') return fail(m, name, `mode "${mode}" is none of a, f`, 'TEXTOPS_BAD_ARGUMENT');
    const count = editText(ctx, region, byText(wanted, text, mode === 'a'), mode === 'f');
    return count < 0 ? fail(m, name, BREAKS, 'TEXTOPS_BAD_HEADER') : 1;
  });
}

function replaceRegex(name: string, region: Region, all: boolean): TextopsFunction {
  return fn(name, ['regex', 'str'], ROUTE_ANY, (m: TextopsModule) => (ctx, regex, text) => {
    return edit(
      m,
      name,
      ctx,
      region,
      byRegex(regex, () => text, all),
      !all,
    );
  });
}

export const REPLACE_FUNCTIONS: readonly TextopsFunction[] = [
  fn('search', ['regex'], ROUTE_ANY, () => (ctx, regex) => (regex.test(ctx.message.raw) ? 1 : -1)),
  fn('search_body', ['regex'], ROUTE_ANY, () => (ctx, regex) => {
    const { body } = ctx.message;
    return body !== '' && regex.test(body) ? 1 : -1;
  }),
  fn('search_hf', ['str', 'regex', 'str'], ROUTE_ANY, (m) => (ctx, header, regex, mode) => {
    const headers = chosen(m, 'search_hf', ctx, header, mode);
    return headers?.some((one) => regex.test(ctx.message.valueOf(one))) === true ? 1 : -1;
  }),
  fn('search_str', ['str', 'regex'], ROUTE_ANY, () => (_ctx, text, regex) => (regex.test(text) ? 1 : -1)),
  fn('search_append', ['regex', 'str'], ROUTE_ANY, (m) => (ctx, regex, text) => {
    return edit(m, 'search_append', ctx, 'all', appendAfter(regex, text), true);
  }),
  fn('search_append_body', ['regex', 'str'], ROUTE_ANY, (m) => (ctx, regex, text) => {
    return edit(m, 'search_append_body', ctx, 'body', appendAfter(regex, text));
  }),
  replaceRegex('replace', 'all', false),
  replaceRegex('replace_all', 'all', true),
  replaceRegex('replace_hdrs', 'headers', false),
  replaceRegex('replace_body', 'body', false),
  replaceRegex('replace_body_all', 'body', true),
  fn('replace_body_atonce', ['str', 'str'], ROUTE_ANY, (m) => (ctx, pattern, text) => {
    try {
      const regex = m.regexes.get(pattern, { ignoreCase: true, newline: false });
      return edit(
        m,
        'replace_body_atonce',
        ctx,
        'body',
        byRegex(regex, () => text, true),
      );
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      return fail(m, 'replace_body_atonce', `bad expression "${pattern}": ${error.message}`, 'TEXTOPS_BAD_REGEX');
    }
  }),
  replaceText('replace_str', 'all'),
  replaceText('replace_hdrs_str', 'headers'),
  replaceText('replace_body_str', 'body'),
  fn('subst', ['sed'], ROUTE_ANY, (m) => (ctx, sed) => {
    return edit(m, 'subst', ctx, 'all', bySed(ctx, sed), !sed.global);
  }),
  fn('subst_body', ['sed'], ROUTE_ANY, (m) => (ctx, sed) => edit(m, 'subst_body', ctx, 'body', bySed(ctx, sed))),
  fn('subst_hf', ['str', 'sed', 'str'], ROUTE_ANY, (m) => (ctx, header, sed, mode) => {
    return substHeader(m, ctx, header, sed, mode);
  }),
  fn('subst_uri', ['sed'], RFBO, (m) => (ctx, sed) => substUri(m, ctx, sed)),
  fn('subst_user', ['sed'], RFBO, (m) => (ctx, sed) => substUser(m, ctx, sed)),
  fn('subst_v', ['str', 'sed', 'var'], ROUTE_ANY, (m) => (ctx, text, sed, variable) => {
    if (variable.set === null) return fail(m, 'subst_v', `${variable.text} is read-only`, 'TEXTOPS_READ_ONLY');
    const result = substituted(ctx, sed, text);
    return result !== null && variable.set(ctx, result) ? 1 : -1;
  }),
];
