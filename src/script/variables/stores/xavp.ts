import type { AvpValue, XavpRecord, XavpStore } from '../../../proxy/attributes.ts';
import type { ScriptContext } from '../../context.ts';
import type { Value } from '../../values.ts';
import { access, type CoreVariable, innerText, noIndex } from '../define.ts';

/** Field under which a record keeps a plain value: `$xavp(a)=5`. No written field name is empty. */
export const SCALAR = '';

type Index = number | '*' | null;

/** `name[i]=>field[j]` taken apart. */
interface Path {
  readonly name: string;
  readonly index: Index;
  /** Null when only the record is meant. */
  readonly field: string | null;
  readonly fieldIndex: Index;
}

const PATTERN =
  /^\s*([^[\]=>\s]+)\s*(?:\[\s*(-?\d+|\*)\s*\])?\s*(?:=>\s*([^[\]=>\s]+)\s*(?:\[\s*(-?\d+|\*)\s*\])?)?\s*$/;

function parsePath(text: string, fold: boolean): Path | null {
  const match = PATTERN.exec(fold ? text.toLowerCase() : text);
  if (match === null) return null;
  return {
    name: match[1] as string,
    index: indexOf(match[2]),
    field: match[3] ?? null,
    fieldIndex: indexOf(match[4]),
  };
}

function indexOf(text: string | undefined): Index {
  return text === undefined ? null : text === '*' ? '*' : Number(text);
}

/** A record with one value in one field. */
export function recordOf(field: string, value: AvpValue): XavpRecord {
  return new Map([[field, [value]]]);
}

/** A value as a whole variable prints it: a plain one itself, a record a token that only says that it is one. */
function show(name: string, record: XavpRecord): Value {
  return record.get(SCALAR)?.[0] ?? `<<xavp:${name}>>`;
}

function read(store: XavpStore, path: Path): Value {
  const record = store.records(path.name).at(path.index === '*' || path.index === null ? 0 : path.index);
  if (record === undefined) return null;
  if (path.field === null) return show(path.name, record);
  const values = record.get(path.field);
  if (values === undefined || values.length === 0) return null;
  if (path.fieldIndex === '*') return values.join(', ');
  return values.at(path.fieldIndex ?? 0) ?? null;
}

/**
 * $xavp and $xavi. Without a record index a value makes a new record; with one it goes into that record, as newest value of its field, or in
 * place of the one that a field index names.
 */
function write(store: XavpStore, path: Path, value: Value): boolean {
  const { name, index, field, fieldIndex } = path;
  if (field === null) {
    if (value === null) {
      if (index === '*') store.remove(name);
      else store.remove(name, index ?? 0);
      return true;
    }
    if (index === null) {
      store.push(name, recordOf(SCALAR, value));
      return true;
    }
    if (index === '*') {
      store.remove(name);
      store.push(name, recordOf(SCALAR, value));
      return true;
    }
    const record = store.records(name).at(index);
    if (record === undefined) return false;
    record.clear();
    record.set(SCALAR, [value]);
    return true;
  }
  if (value === null) return removeField(store.records(name).at(typeof index === 'number' ? index : 0), path);
  if (index === null) {
    store.push(name, recordOf(field, value));
    return true;
  }
  const record = index === '*' ? undefined : store.records(name).at(index);
  if (record === undefined || record.has(SCALAR)) return false;
  const values = record.get(field);
  if (fieldIndex === '*' || values === undefined) {
    // A position that does not exist cannot be replaced.
    if (typeof fieldIndex === 'number') return false;
    record.set(field, [value]);
    return true;
  }
  if (fieldIndex === null) values.unshift(value);
  else {
    const at = fieldIndex < 0 ? values.length + fieldIndex : fieldIndex;
    if (at < 0 || at >= values.length) return false;
    values[at] = value;
  }
  return true;
}

/** Removes one value of a field, the newest unless an index says otherwise. What is not there is gone already. */
function removeField(record: XavpRecord | undefined, { field, fieldIndex }: Path): boolean {
  const values = field === null ? undefined : record?.get(field);
  if (record === undefined || field === null || values === undefined) return true;
  if (fieldIndex === '*') values.length = 0;
  else if (fieldIndex === null || fieldIndex === 0) values.shift();
  else values.splice(fieldIndex, 1);
  if (values.length === 0) record.delete(field);
  return true;
}

/** $xavu: one record for each name, one value for each field; writing replaces. */
function writeUnique(store: XavpStore, { name, field }: Path, value: Value): boolean {
  const record = store.records(name)[0];
  if (value === null) {
    if (field === null) store.remove(name);
    else record?.delete(field);
    return true;
  }
  if (field === null || record === undefined) {
    store.remove(name);
    store.push(name, recordOf(field ?? SCALAR, value));
    return true;
  }
  record.delete(SCALAR);
  record.set(field, [value]);
  return true;
}

function variable(
  name: string,
  fold: boolean,
  store: (ctx: ScriptContext) => XavpStore,
  assign: (store: XavpStore, path: Path, value: Value) => boolean,
): CoreVariable {
  return {
    name,
    writable: true,
    inner: 'required',
    bind: () => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      if (inner === null) return `$${name}() needs a name`;
      if (inner.constant !== null) {
        const path = parsePath(inner.constant, fold);
        if (path === null) return `'${inner.constant}' is not of the form name[i]=>field[j]`;
        return access(
          text,
          (ctx) => read(store(ctx), path),
          null,
          (ctx, value) => assign(store(ctx), path, value),
        );
      }
      return access(
        text,
        (ctx) => {
          const path = parsePath(innerText(inner, ctx), fold);
          return path === null ? null : read(store(ctx), path);
        },
        null,
        (ctx, value) => {
          const path = parsePath(innerText(inner, ctx), fold);
          return path !== null && assign(store(ctx), path, value);
        },
      );
    },
    support: 'yes',
  };
}

/** Stacks of records ($xavp, $xavi with names in any case) and single records ($xavu), kept with the transaction. */
export const xavpVariables: readonly CoreVariable[] = [
  variable('xavp', false, (ctx) => ctx.state.attributes.xavps, write),
  variable('xavi', true, (ctx) => ctx.state.attributes.xavis, write),
  variable('xavu', false, (ctx) => ctx.state.attributes.xavus, writeUnique),
];
