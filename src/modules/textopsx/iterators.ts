import type { HeaderField } from '../../message/message.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn, type TextGetter, type VariableDefinition } from '../../script/module-definition.ts';
import { ROUTE_ANY, type Value } from '../../script/values.ts';
import { currentBody, replaceBody } from '../support/body.ts';
import { BAD_HEADER, headerLines, removeHeader } from '../support/header-lines.ts';
import { fail, type TextopsxFunction, type TextopsxModule } from './instance.ts';

/** Walks over the headers of a message; `at` -1 stands before the first. */
interface HeaderIterator {
  readonly headers: readonly HeaderField[];
  at: number;
}

/** One line of a body with its line end, and what was done around it. */
interface BodyLine {
  readonly text: string;
  before: string;
  after: string;
  removed: boolean;
}

interface BodyIterator {
  readonly lines: readonly BodyLine[];
  at: number;
}

/** Iterators of one run, by name: two messages in work at once never share one. */
const HEADERS: unique symbol = Symbol('header iterators');
const LINES: unique symbol = Symbol('body line iterators');

function iterators<T>(ctx: ScriptContext, key: symbol): Map<string, T> {
  let map = ctx.cached<Map<string, T>>(key);
  if (map === undefined) {
    map = new Map();
    ctx.setCached(key, map);
  }
  return map;
}

/** An iterator by name; undefined (logged) when it was not started. */
function find<T>(m: TextopsxModule, ctx: ScriptContext, key: symbol, name: string, id: string): T | undefined {
  const found = iterators<T>(ctx, key).get(id);
  if (found === undefined) fail(m, name, `no iterator ${id}`, 'TEXTOPSX_NO_ITERATOR');
  return found;
}

/** Functions of one iterator by its name. */
function iteratorFunction<T>(
  key: symbol,
  name: string,
  act: (iterator: T, ctx: ScriptContext) => number,
): TextopsxFunction {
  return fn(name, ['str'], ROUTE_ANY, (m: TextopsxModule) => (ctx, id) => {
    const iterator = find<T>(m, ctx, key, name, id);
    return iterator === undefined ? -1 : act(iterator, ctx);
  });
}

/** next: -1 behind the last. */
function advance(iterator: { at: number }, count: number): number {
  if (iterator.at < count) iterator.at++;
  return iterator.at < count ? 1 : -1;
}

function headerText(name: string, before: boolean): TextopsxFunction {
  return fn(name, ['str', 'str'], ROUTE_ANY, (m: TextopsxModule) => (ctx, id, text) => {
    const iterator = find<HeaderIterator>(m, ctx, HEADERS, name, id);
    const header = iterator?.headers[iterator.at];
    if (header === undefined) return -1;
    const lines = headerLines(text);
    if (lines === null) return fail(m, name, `${JSON.stringify(text)} is no header text`, BAD_HEADER);
    ctx.edits.insert(before ? header.start : header.end, lines);
    return 1;
  });
}

function bodyText(name: string, act: (line: BodyLine, text: string) => void): TextopsxFunction {
  return fn(name, ['str', 'str'], ROUTE_ANY, (m: TextopsxModule) => (ctx, id, text) => {
    const iterator = find<BodyIterator>(m, ctx, LINES, name, id);
    const line = iterator?.lines[iterator.at];
    if (iterator === undefined || line === undefined) return -1;
    act(line, text);
    writeBody(ctx, iterator);
    return 1;
  });
}

function writeBody(ctx: ScriptContext, { lines }: BodyIterator): void {
  replaceBody(ctx, lines.map(({ text, before, after, removed }) => before + (removed ? '' : text) + after).join(''));
}

export const ITERATOR_FUNCTIONS: readonly TextopsxFunction[] = [
  fn('hf_iterator_start', ['str'], ROUTE_ANY, () => (ctx, id) => {
    iterators<HeaderIterator>(ctx, HEADERS).set(id, { headers: ctx.message.headers, at: -1 });
    return 1;
  }),
  iteratorFunction<HeaderIterator>(HEADERS, 'hf_iterator_next', (iterator) =>
    advance(iterator, iterator.headers.length),
  ),
  iteratorFunction<HeaderIterator>(HEADERS, 'hf_iterator_prev', (iterator) => {
    if (iterator.at >= 0) iterator.at--;
    return 1;
  }),
  iteratorFunction<HeaderIterator>(HEADERS, 'hf_iterator_end', (iterator) => {
    iterator.at = -1;
    return 1;
  }),
  iteratorFunction<HeaderIterator>(HEADERS, 'hf_iterator_rm', (iterator, ctx) => {
    const header = iterator.headers[iterator.at];
    if (header === undefined) return -1;
    removeHeader(ctx, header);
    return 1;
  }),
  headerText('hf_iterator_append', false),
  headerText('hf_iterator_insert', true),

  fn('bl_iterator_start', ['str'], ROUTE_ANY, () => (ctx, id) => {
    const texts = currentBody(ctx).match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const lines = texts.map((text) => ({ text, before: '', after: '', removed: false }));
    iterators<BodyIterator>(ctx, LINES).set(id, { lines, at: -1 });
    return 1;
  }),
  iteratorFunction<BodyIterator>(LINES, 'bl_iterator_next', (iterator) => advance(iterator, iterator.lines.length)),
  iteratorFunction<BodyIterator>(LINES, 'bl_iterator_end', (iterator) => {
    iterator.at = -1;
    return 1;
  }),
  iteratorFunction<BodyIterator>(LINES, 'bl_iterator_rm', (iterator, ctx) => {
    const line = iterator.lines[iterator.at];
    if (line === undefined) return -1;
    line.removed = true;
    writeBody(ctx, iterator);
    return 1;
  }),
  bodyText('bl_iterator_append', (line, text) => {
    line.after += text;
  }),
  bodyText('bl_iterator_insert', (line, text) => {
    line.before += text;
  }),
];

function variable(name: string, read: (ctx: ScriptContext, id: string) => Value): VariableDefinition<TextopsxModule> {
  return {
    name,
    writable: false,
    inner: 'required',
    support: 'yes',
    bind: () => (inner: TextGetter | null, _index, text) => {
      if (inner === null) return 'expected the name of an iterator';
      return { text, get: (ctx) => read(ctx, `${inner.get(ctx) ?? ''}`), int: null, set: null };
    },
  };
}

function currentHeader(ctx: ScriptContext, id: string): HeaderField | undefined {
  const iterator = iterators<HeaderIterator>(ctx, HEADERS).get(id);
  return iterator?.headers[iterator.at];
}

export const ITERATOR_VARIABLES: readonly VariableDefinition<TextopsxModule>[] = [
  variable('hfitname', (ctx, id) => {
    const header = currentHeader(ctx, id);
    return header === undefined ? null : ctx.message.nameOf(header);
  }),
  variable('hfitbody', (ctx, id) => {
    const header = currentHeader(ctx, id);
    return header === undefined ? null : ctx.message.valueOf(header);
  }),
  variable('blitval', (ctx, id) => {
    const iterator = iterators<BodyIterator>(ctx, LINES).get(id);
    return iterator?.lines[iterator.at]?.text ?? null;
  }),
];
