import type { ScriptContext } from '../../script/context.ts';
import { ModuleError, type ModuleHost, type VariableAccess } from '../../script/module-definition.ts';
import type { Value } from '../../script/values.ts';

/** One value besides the fixed ones: the name of an attribute or column, and where it comes from. */
export interface Field {
  readonly name: string;
  readonly variable: VariableAccess;
}

/**
 * Makes sure that a name can be one of a column: it stands in statements as it is.
 * @throws ModuleError ACC_COLUMN
 */
export function checkColumn(name: string, parameter: string): string {
  if (!/^\w+$/.test(name)) throw new ModuleError('ACC_COLUMN', `"${name}" cannot be the name of a column`, parameter);
  return name;
}

/** Legs of one call that are looked at; each is a value of every AVP in multi_leg_info. */
const MOST_LEGS = 32;

/** Splits at `;` outside of parentheses and braces. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '(' || char === '{') depth++;
    else if (char === ')' || char === '}') depth--;
    else if (char === ';' && depth === 0) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  found.push(text.slice(from));
  return found.map((part) => part.trim()).filter((part) => part !== '');
}

function definitions(text: string, parameter: string): readonly (readonly [name: string, variable: string])[] {
  return parts(text).map((part) => {
    const [, name = '', variable = ''] = /^([^=\s]+)\s*=\s*(.*)$/s.exec(part) ?? [];
    if (name === '' || !variable.startsWith('$'))
      throw new ModuleError('ACC_FIELDS', `"${part}" is not of the form name=$variable`, parameter);
    return [name, variable];
  });
}

/**
 * Reads log_extra and db_extra: `name=$variable;…`.
 * @throws ModuleError ACC_FIELDS
 */
export function parseFields(host: ModuleHost, text: string, parameter: string): readonly Field[] {
  return definitions(text, parameter).map(([name, written]) => {
    const variable = host.variable(written);
    if (typeof variable === 'string') throw new ModuleError('ACC_FIELDS', variable, parameter);
    return { name, variable };
  });
}

/** multi_leg_info: AVPs of which each value belongs to one leg of the call. */
export interface Legs {
  readonly names: readonly string[];
  /** Values of each leg, the one added last first. There is always one, of nulls when nothing was set. */
  read(ctx: ScriptContext): readonly (readonly Value[])[];
}

/**
 * Reads multi_leg_info: `name=$avp(a);…`.
 * @throws ModuleError ACC_FIELDS
 */
export function parseLegs(host: ModuleHost, text: string, parameter: string): Legs | null {
  const found = definitions(text, parameter);
  if (found.length === 0) return null;
  const sets: VariableAccess[][] = [];
  /** The variables of leg `index`, made when first needed. */
  const set = (index: number): readonly VariableAccess[] => {
    sets[index] ??= found.map(([, written]) => {
      const inner = /^\$(?:\((avp\(.*\))\)|(avp\(.*\)))$/s.exec(written);
      if (inner === null)
        throw new ModuleError('ACC_FIELDS', `"${written}" is no AVP: legs are values of AVPs`, parameter);
      const variable = host.variable(`$(${inner[1] ?? inner[2]}[${index}])`);
      if (typeof variable === 'string') throw new ModuleError('ACC_FIELDS', variable, parameter);
      return variable;
    });
    return sets[index];
  };
  set(0);
  return {
    names: found.map(([name]) => name),
    read: (ctx) => {
      const legs: Value[][] = [];
      for (let index = 0; index < MOST_LEGS; index++) {
        const values = set(index).map((variable) => variable.get(ctx));
        if (index > 0 && values.every((value) => value === null)) break;
        legs.push(values);
      }
      return legs;
    },
  };
}
