import { readFileSync } from 'node:fs';
import { L_ERR, L_INFO, type Log } from '../../script/log.ts';
import { compilePosix, RegexError } from '../../script/regex.ts';

/** A list of expressions with exceptions; null expressions stand for ALL. */
interface Side {
  readonly matches: readonly RegExp[] | null;
  readonly except: readonly RegExp[] | null;
}

/** `left : right`. */
interface Rule {
  readonly left: Side;
  readonly right: Side;
}

/** The rules of one allow or deny file. */
export type Rules = readonly Rule[];

/** `ALL` or `"expression", …`, then perhaps `EXCEPT …`. Null for another text. */
function side(text: string): Side | null {
  const [wanted = '', except, more] = text.split(/\bEXCEPT\b(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  if (more !== undefined) return null;
  const matches = list(wanted);
  const exceptions = except === undefined ? [] : list(except);
  if (matches === undefined || exceptions === undefined) return null;
  return { matches, except: exceptions };
}

/** Null for ALL, undefined for what cannot be read. */
function list(text: string): readonly RegExp[] | null | undefined {
  const trimmed = text.trim();
  if (trimmed === 'ALL') return null;
  const found: RegExp[] = [];
  let rest = trimmed;
  while (rest !== '') {
    const match = /^"([^"]*)"\s*(?:,\s*|$)/.exec(rest);
    if (match === null) return undefined;
    try {
      found.push(compilePosix(match[1] as string, { ignoreCase: true, newline: false }));
    } catch (error) {
      if (error instanceof RegexError) return undefined;
      throw error;
    }
    rest = rest.slice(match[0].length);
  }
  return found.length === 0 ? undefined : found;
}

/** Reads the text of a file. @returns rules, and the numbers of lines that are none */
export function parseRules(text: string): { readonly rules: Rules; readonly bad: readonly number[] } {
  const rules: Rule[] = [];
  const bad: number[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#(?=(?:[^"]*"[^"]*")*[^"]*$).*/, '').trim();
    if (line === '') continue;
    // The colon between the sides is the first one outside of quotes.
    const parts = line.split(/:(?=(?:[^"]*"[^"]*")*[^"]*$)/);
    const left = side(parts[0] ?? '');
    const right = side(parts[1] ?? '');
    if (parts.length !== 2 || left === null || right === null) bad.push(index + 1);
    else rules.push({ left, right });
  }
  return { rules, bad };
}

function agrees({ matches, except }: Side, text: string): boolean {
  if (matches !== null && !matches.some((regex) => regex.test(text))) return false;
  return except === null ? false : !except.some((regex) => regex.test(text));
}

function covers(rules: Rules, left: string, right: string): boolean {
  return rules.some((rule) => agrees(rule.left, left) && agrees(rule.right, right));
}

/** What two files say about pairs: every pair allowed, or else none denied. */
export function allowed(
  allow: Rules,
  deny: Rules,
  pairs: readonly (readonly [left: string, right: string])[],
): boolean {
  if (pairs.length > 0 && pairs.every(([left, right]) => covers(allow, left, right))) return true;
  return !pairs.some(([left, right]) => covers(deny, left, right));
}

/** Reads files once; one that is not there has no rules. */
export class RuleFiles {
  private readonly files = new Map<string, Rules>();
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  /** True for a file that rules were asked of, whether it is there or not. */
  has(path: string): boolean {
    return this.files.has(path);
  }

  /** Rules of a file, read when first asked for; it is read at the start for names known then. */
  get(path: string): Rules {
    let rules = this.files.get(path);
    if (rules === undefined) {
      rules = this.read(path);
      this.files.set(path, rules);
    }
    return rules;
  }

  private read(path: string): Rules {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      this.log.write(L_INFO, 'permissions', `no file ${path}: it has no rules`);
      return [];
    }
    const { rules, bad } = parseRules(text);
    for (const line of bad)
      this.log.write(L_ERR, 'permissions', `${path}:${line}: this is no rule`, 'PERMISSIONS_BAD_RULE');
    return rules;
  }
}
