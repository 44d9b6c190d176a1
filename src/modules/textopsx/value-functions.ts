import { hasCrlf } from '../../message/sanitize.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../script/values.ts';
import { appendLines, BAD_HEADER, headerLines, insertLines } from '../support/header-lines.ts';
import { fail, type TextopsxFunction, type TextopsxModule } from './instance.ts';
import { HeaderValues, parseValueSpec, type ValueSpec, withAuthParam, withValueParam } from './values.ts';

const ROUTES = ROUTE_REQUEST | ROUTE_ONREPLY | ROUTE_FAILURE | ROUTE_BRANCH;

/** Reads the two arguments; null (logged) when one is no good. */
function readSpec(m: TextopsxModule, name: string, text: string, value: string): ValueSpec | null {
  const spec = parseValueSpec(text);
  if (spec === null) {
    fail(m, name, `"${text}" names no header value`, 'TEXTOPSX_BAD_ARGUMENT');
    return null;
  }
  if (hasCrlf(value)) {
    fail(m, name, 'a value cannot hold line ends', BAD_HEADER);
    return null;
  }
  return spec;
}

function addHeader(
  m: TextopsxModule,
  ctx: ScriptContext,
  name: string,
  header: string,
  value: string,
  before: boolean,
): number {
  const lines = headerLines(`${header}: ${value}`);
  if (lines === null) return fail(m, name, `"${value}" is no header value`, BAD_HEADER);
  if (before && ctx.message.findByName(header).length > 0) insertLines(ctx, lines, header);
  else appendLines(ctx, lines);
  return 1;
}

/** append_hf_value: behind the indexed value; without an index, or when it is not there, as a new header at the end. */
function append(m: TextopsxModule, ctx: ScriptContext, text: string, value: string): number {
  const spec = readSpec(m, 'append_hf_value', text, value);
  if (spec === null || spec.param !== '' || spec.index === '*') return -1;
  const values = new HeaderValues(ctx, spec.name, true);
  const slot = spec.index === null ? undefined : values.at(spec.index);
  if (slot === undefined) return addHeader(m, ctx, 'append_hf_value', spec.name, value, false);
  slot.after.push(value);
  values.record();
  return 1;
}

/** insert_hf_value: before the indexed value; without an index as a new header before the first of that name. */
function insert(m: TextopsxModule, ctx: ScriptContext, text: string, value: string): number {
  const spec = readSpec(m, 'insert_hf_value', text, value);
  if (spec === null || spec.param !== '' || spec.index === '*') return -1;
  const values = new HeaderValues(ctx, spec.name, true);
  if (spec.index === null || values.slots.length === 0) {
    return addHeader(m, ctx, 'insert_hf_value', spec.name, value, true);
  }
  const slot = values.at(spec.index);
  if (slot === undefined) return -1;
  slot.before.push(value);
  values.record();
  return 1;
}

/** remove_hf_value and remove_hf_value2: a value or a parameter of it; the first without an index. */
function remove(m: TextopsxModule, ctx: ScriptContext, name: string, text: string, list: boolean): number {
  const spec = readSpec(m, name, text, '');
  if (spec === null) return -1;
  const values = new HeaderValues(ctx, spec.name, list);
  let count = 0;
  for (const slot of values.select(spec.index)) {
    if (slot.text === null) continue;
    if (spec.param === '') slot.text = null;
    else {
      const changed = (list ? withValueParam : withAuthParam)(slot.text, spec.param, null);
      if (changed === null) continue;
      slot.text = changed;
    }
    count++;
  }
  if (count === 0) return -1;
  values.record();
  return 1;
}

/** assign_hf_value and assign_hf_value2: sets a value or a parameter of it; -1 when the value is not there. */
function assign(
  m: TextopsxModule,
  ctx: ScriptContext,
  name: string,
  text: string,
  value: string,
  list: boolean,
): number {
  const spec = readSpec(m, name, text, value);
  if (spec === null) return -1;
  if (spec.index === '*' && spec.param === '') {
    return fail(m, name, '[*] needs a parameter', 'TEXTOPSX_BAD_ARGUMENT');
  }
  const values = new HeaderValues(ctx, spec.name, list);
  let count = 0;
  for (const slot of values.select(spec.index)) {
    if (slot.text === null) continue;
    if (spec.param === '') slot.text = value;
    else slot.text = (list ? withValueParam : withAuthParam)(slot.text, spec.param, value);
    count++;
  }
  if (count === 0) return -1;
  values.record();
  return 1;
}

/** All values of a list header as they are now, with those that were added. */
function contains(values: HeaderValues, wanted: string): boolean {
  return values.slots.some(({ before, text, after }) =>
    [...before, text, ...after].some((own) => own !== null && same(own, wanted)),
  );
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.trim().toLowerCase();
}

function include(m: TextopsxModule, ctx: ScriptContext, text: string, value: string): number {
  const spec = readSpec(m, 'include_hf_value', text, value);
  if (spec === null) return -1;
  const values = new HeaderValues(ctx, spec.name, true);
  if (contains(values, value)) return 1;
  const last = values.slots.at(-1);
  if (last === undefined) return addHeader(m, ctx, 'include_hf_value', spec.name, value, false);
  last.after.push(value);
  values.record();
  return 1;
}

function exclude(m: TextopsxModule, ctx: ScriptContext, text: string, value: string): number {
  const spec = readSpec(m, 'exclude_hf_value', text, value);
  if (spec === null) return -1;
  const values = new HeaderValues(ctx, spec.name, true);
  for (const slot of values.slots) if (slot.text !== null && same(slot.text, value)) slot.text = null;
  if (values.slots.length > 0) values.record();
  return 1;
}

function exists(m: TextopsxModule, ctx: ScriptContext, text: string, value: string): number {
  const spec = readSpec(m, 'hf_value_exists', text, value);
  if (spec === null) return -1;
  if (contains(new HeaderValues(ctx, spec.name, true), value)) return 1;
  // In names, underscores also stand for dashes here.
  const dashed = spec.name.replace(/_/g, '-');
  return dashed !== spec.name && contains(new HeaderValues(ctx, dashed, true), value) ? 1 : -1;
}

export const VALUE_FUNCTIONS: readonly TextopsxFunction[] = [
  fn('append_hf_value', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => append(m, ctx, spec, value)),
  fn('insert_hf_value', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => insert(m, ctx, spec, value)),
  fn('remove_hf_value', ['str'], ROUTES, (m) => (ctx, spec) => remove(m, ctx, 'remove_hf_value', spec, true)),
  fn('remove_hf_value2', ['str'], ROUTES, (m) => (ctx, spec) => remove(m, ctx, 'remove_hf_value2', spec, false)),
  fn('assign_hf_value', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => {
    return assign(m, ctx, 'assign_hf_value', spec, value, true);
  }),
  fn('assign_hf_value2', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => {
    return assign(m, ctx, 'assign_hf_value2', spec, value, false);
  }),
  fn('include_hf_value', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => include(m, ctx, spec, value)),
  fn('exclude_hf_value', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => exclude(m, ctx, spec, value)),
  fn('hf_value_exists', ['str', 'str'], ROUTES, (m) => (ctx, spec, value) => exists(m, ctx, spec, value)),
];
