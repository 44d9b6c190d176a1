import type { ScriptContext } from '../context.ts';
import type { TransformationDefinition } from '../module-definition.ts';
import { compilePosix, MAX_RUNTIME_PATTERN, RegexError } from '../regex.ts';
import { parseReplacement, parseSed, type ReplacementPart } from '../sed.ts';
import type { Value } from '../values.ts';
import { integer, MAX_LENGTH, textWith, value } from './define.ts';

/** JSON string content; a text is bytes, most likely of UTF-8, which JSON carries as they are. */
function jsonEscape(text: string): string {
  return text.replace(/["\\\x00-\x1f]/g, (c) => {
    const short = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' }[c];
    return short ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** {val.json}: content for a place between quotes. */
function json(input: Value): Value {
  return input === null ? '' : typeof input === 'number' ? String(input) : jsonEscape(input);
}

/** {val.jsonqe}: a whole JSON value; undefined is the empty string. */
function jsonQuoted(input: Value): Value {
  return typeof input === 'number' ? String(input) : `"${jsonEscape(input ?? '')}"`;
}

/**
 * A value for an SQL statement: quoted text, bare integer. What an undefined value becomes is the caller's choice.
 *
 * Kamailio writes a backslash before a quote. PostgreSQL and SQLite take a backslash for itself, so that `\'` would end the text there and let
 * what a caller sent go on as SQL; a doubled quote is one to every database. A backslash is doubled for MySQL alone, where it would swallow the quote
 * behind it; the others then have two.
 */
function sql(undefinedValue: string): (input: Value) => Value {
  return (input) => {
    if (input === null) return undefinedValue;
    if (typeof input === 'number') return String(input);
    return `'${input.replaceAll('\0', '').replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  };
}

const QUOTES = 'partly: a quote is doubled, where the original writes a backslash before it';

function digit(name: string, at: 0 | -1): TransformationDefinition {
  return textWith(`num.${name}`, 0, 1, (params) => {
    // The optional parameter names a base that nobody uses; it must be a number all the same.
    const base = integer(params[0]);
    if (typeof base === 'string') return base;
    return (input) => {
      const found = input.replace(/[^0-9]/g, '').at(at);
      return found === undefined ? null : Number(found);
    };
  });
}

/** A substitution ready to run. */
interface Substitution {
  readonly regex: RegExp;
  readonly parts: readonly ReplacementPart[];
}

function compile(text: string): Substitution {
  const sed = parseSed(text);
  const { ignoreCase, newline, global } = sed;
  return {
    regex: compilePosix(sed.pattern, { ignoreCase, newline, global }),
    parts: parseReplacement(sed.replacement),
  };
}

function substitute(input: string, { regex, parts }: Substitution): Value {
  const result = input.replace(regex, (...found) => {
    let out = '';
    for (const part of parts) {
      const group = part.kind === 'text' ? part.text : found[part.group];
      // Behind the groups come the offset and the text: no groups of ours.
      if (typeof group === 'string' && (part.kind === 'text' || part.group < groupCount(found))) out += group;
    }
    return out;
  });
  return result.length > MAX_LENGTH ? null : result;
}

/** Match and groups among the arguments of a replace callback. */
function groupCount(found: readonly unknown[]): number {
  return found.findIndex((entry) => typeof entry === 'number');
}

/** {val.…}, {num.…}, {sql.val…}, {re.subst,…}. */
export const valueTransformations: readonly TransformationDefinition[] = [
  value('val.json', json),
  value('val.jsonqe', jsonQuoted),
  value('val.n0', (input) => input ?? 0),
  value('val.ne', (input) => input ?? ''),
  digit('fdigit', 0),
  digit('ldigit', -1),
  value('sql.val', sql('NULL'), QUOTES),
  value('sql.val.int', sql('0'), QUOTES),
  value('sql.val.str', sql("''"), QUOTES),
  textWith('re.subst', 1, 1, (params) => {
    const expression = params[0];
    if (expression === undefined) return 'the substitution is missing';
    if (expression.constant !== null) {
      try {
        const fixed = compile(expression.constant);
        return (input) => substitute(input, fixed);
      } catch (error) {
        if (error instanceof RegexError) return error.message;
        throw error;
      }
    }
    // The same expression comes run after run.
    let text = '';
    let last: Substitution | null = null;
    return (input, ctx: ScriptContext) => {
      const now = String(expression.get(ctx) ?? '');
      if (now !== text || last === null) {
        text = now;
        last = null;
        if (now.length > MAX_RUNTIME_PATTERN) return null;
        try {
          last = compile(now);
        } catch (error) {
          if (error instanceof RegexError) return null;
          throw error;
        }
      }
      return substitute(input, last);
    };
  }),
];
