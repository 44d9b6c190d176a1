/**
 * State and meaning of the `#!` directives. The lexer finds them; this decides what is defined, which branch of an `#!ifdef`
 * is read, what `#!subst` replaces, and where an included file is.
 */
import { isAbsolute, join, posix } from 'node:path';
import { evaluateDefineExpression, isTrue } from './define-expression.ts';
import { type Define, predefinedNames, stripTrailingComment } from './defines.ts';
import type { DiagnosticCode, DiagnosticList } from './diagnostic.ts';
import { createSourceFile, type SourceFile, type Span } from './source.ts';
import { unescapeString } from './string-literal.ts';
import { parseSubstitution, type Substitution } from './substitution.ts';
import { didYouMean } from './suggestion.ts';

export interface PreprocessorOptions {
  /** A file's text, `null` when it cannot be read. Gets paths as they are tried: absolute, under `cwd`, beside the includer. */
  readonly readFile: (path: string) => string | null;
  /** Names defined on the command line (`-A NAME=value`), value empty for `-A NAME`. */
  readonly defines: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative include paths start from; empty for the process's own. */
  readonly cwd: string;
  readonly osName: string;
}

/** Directive names and what they are the alias of. */
const directives: ReadonlyMap<string, string> = new Map(
  Object.entries({
    define: 'define',
    def: 'define',
    trydefine: 'trydefine',
    trydef: 'trydefine',
    redefine: 'redefine',
    redef: 'redefine',
    undefine: 'undefine',
    undef: 'undefine',
    tryundefine: 'tryundef',
    tryundef: 'tryundef',
    ifdef: 'ifdef',
    ifndef: 'ifndef',
    ifexp: 'ifexp',
    else: 'else',
    endif: 'endif',
    defexp: 'defexp',
    defexps: 'defexps',
    defenv: 'defenv',
    defenvs: 'defenvs',
    trydefenv: 'trydefenv',
    trydefenvs: 'trydefenvs',
    subst: 'subst',
    substdef: 'substdef',
    substdefs: 'substdefs',
    include_file: 'include_file',
    import_file: 'import_file',
  }),
);

/** Longest chain of files including files. */
export const maxIncludeDepth = 10;

interface Conditional {
  readonly name: string;
  readonly at: Span;
  /** The part being read is wanted, as far as this conditional goes. */
  active: boolean;
  hasElse: boolean;
}

export class Preprocessor {
  readonly defines: Map<string, Define>;
  readonly files = new Map<string, SourceFile>();
  readonly #options: PreprocessorOptions;
  readonly #diagnostics: DiagnosticList;
  readonly #substitutions: Substitution[] = [];
  readonly #conditionals: Conditional[] = [];

  constructor(options: PreprocessorOptions, diagnostics: DiagnosticList) {
    this.#options = options;
    this.#diagnostics = diagnostics;
    this.defines = predefinedNames(options.osName);
    for (const [name, value] of options.defines) this.defines.set(name, { value, at: null });
  }

  /** The directive a word behind `#!` names, `null` when it is none: then the line is a comment. */
  static directive(word: string): string | null {
    return directives.get(word) ?? null;
  }

  /** False inside the branch of an `#!ifdef` that is not wanted. */
  get isActive(): boolean {
    return this.#conditionals.every((conditional) => conditional.active);
  }

  /** A string literal, variable or include name after all `#!subst` so far. */
  substitute(text: string): string {
    let result = text;
    for (const substitution of this.#substitutions) result = substitution.apply(result);
    return result;
  }

  /**
   * Acts on a directive other than the includes.
   *
   * @param rest the logical line behind the directive's name, continuation lines joined
   */
  apply(directive: string, rest: string, at: Span): void {
    switch (directive) {
      case 'ifdef':
      case 'ifndef':
      case 'ifexp':
        this.#openConditional(directive, rest, at);
        break;
      case 'else':
        this.#warnTrailing(directive, rest, at);
        this.#else(at);
        break;
      case 'endif':
        this.#warnTrailing(directive, rest, at);
        if (this.#conditionals.pop() === undefined) {
          this.#error(
            'CFG_DIRECTIVE_UNBALANCED',
            '#!endif without #!ifdef',
            at,
            'remove it, or add the missing #!ifdef',
          );
        }
        break;
      case 'define':
      case 'trydefine':
      case 'redefine':
        this.#define(directive, rest, at);
        break;
      case 'undefine':
      case 'tryundef': {
        const name = this.#name(directive, rest, at);
        if (name !== null && !this.defines.delete(name) && directive === 'undefine') {
          this.#warn('CFG_DIRECTIVE', `'${name}' is not defined`, at, this.#similar(name));
        }
        break;
      }
      case 'defexp':
      case 'defexps':
        this.#defineExpression(directive, rest, at);
        break;
      case 'subst':
      case 'substdef':
      case 'substdefs':
        this.#substitution(directive, rest, at);
        break;
      default:
        this.#defineEnvironment(directive, rest, at);
    }
  }

  /** Reports every conditional that is still open. */
  finish(): void {
    for (const { name, at } of this.#conditionals) {
      this.#error('CFG_DIRECTIVE_UNBALANCED', `#!${name} without #!endif`, at, 'add #!endif where the block ends');
    }
  }

  /** Called for each `loadmodule`: `MOD_tm` is defined after `loadmodule "tm.so"`. */
  moduleLoaded(path: string, at: Span): void {
    const name = posix.basename(path).replace(/\.so$/, '');
    if (/^\w+$/.test(name)) this.defines.set(`MOD_${name}`, { value: '', at });
  }

  /** Finds and reads an included file: relative to the working directory, else beside the file that names it. */
  open(path: string, includer: string): SourceFile | null {
    const candidates = isAbsolute(path) ? [path] : [join(this.#options.cwd, path), join(posix.dirname(includer), path)];
    for (const candidate of new Set(candidates)) {
      const text = this.#options.readFile(candidate);
      if (text === null) continue;
      const file = createSourceFile(candidate, text);
      this.files.set(candidate, file);
      return file;
    }
    return null;
  }

  #openConditional(directive: string, rest: string, at: Span): void {
    let active = false;
    if (!this.isActive) {
      // Nothing inside an unwanted branch is looked at, only counted.
    } else if (directive === 'ifexp') {
      const result = evaluateDefineExpression(stripTrailingComment(` ${rest}`), this.defines);
      if ('error' in result) this.#error('CFG_DIRECTIVE', `#!ifexp: ${result.error}`, at);
      else active = isTrue(result.value);
    } else {
      const name = this.#name(directive, rest, at);
      if (name !== null) {
        active = this.defines.has(name) === (directive === 'ifdef');
      }
    }
    this.#conditionals.push({ name: directive, at, active, hasElse: false });
  }

  /** Kamailio takes `#!else # note` and `#!endif # note` for comments, which is never what was meant. */
  #warnTrailing(directive: string, rest: string, at: Span): void {
    if (rest.trim() === '') return;
    const message = `text behind #!${directive}: Kamailio takes the whole line for a comment`;
    this.#warn('CFG_LENIENT', message, at, 'put the text on a line of its own');
  }

  /** Kamailio lets a lone `#!else` and a second one pass; the second one turns the branch over again. */
  #else(at: Span): void {
    const conditional = this.#conditionals.at(-1);
    if (conditional === undefined) {
      this.#warn(
        'CFG_DIRECTIVE_UNBALANCED',
        '#!else without #!ifdef is ignored',
        at,
        'remove it, or add the missing #!ifdef',
      );
      return;
    }
    if (conditional.hasElse) {
      const hint = `#!${conditional.name} is at line ${conditional.at.line}; is there an #!endif missing?`;
      this.#warn('CFG_DIRECTIVE_UNBALANCED', 'a second #!else', at, hint);
    }
    conditional.hasElse = true;
    conditional.active = !conditional.active;
  }

  #define(directive: string, rest: string, at: Span): void {
    const name = this.#name(directive, rest, at);
    if (name === null) return;
    const written = rest.trim().slice(name.length);
    if (/^[^\s]/.test(written)) {
      const message = `'${name}${written[0]}' is not a name that can be defined`;
      const hint = written.startsWith('(') ? 'a define takes no arguments' : 'names have letters, digits and _ only';
      if (written.startsWith('-')) this.#error('CFG_DIRECTIVE', message, at, hint);
      else this.#warn('CFG_DIRECTIVE', `${message}; the line is ignored, as Kamailio does`, at, hint);
      return;
    }
    const value = written.trim();
    const stripped = stripTrailingComment(` ${value}`).trim();
    if (stripped !== value) {
      const hint = 'Kamailio takes it as part of the value; put the comment on a line of its own';
      this.#warn('CFG_LENIENT', `the comment behind the value of '${name}' is cut off`, at, hint);
    }
    this.#set(directive, name, stripped, at);
  }

  #set(directive: string, name: string, value: string, at: Span): void {
    const existing = this.defines.get(name);
    if (existing !== undefined && directive.startsWith('try')) return;
    if (existing !== undefined && directive !== 'redefine') {
      const where = existing.at === null ? 'from the start' : `at ${existing.at.file}:${existing.at.line}`;
      const hint = 'use #!redefine to replace the value, #!trydefine to keep the first one';
      this.#error('CFG_DEFINE_AGAIN', `'${name}' is already defined, ${where}`, at, hint);
      return;
    }
    this.defines.set(name, { value, at });
  }

  #defineExpression(directive: string, rest: string, at: Span): void {
    const name = this.#name(directive, rest, at);
    if (name === null) return;
    const result = evaluateDefineExpression(stripTrailingComment(` ${rest.trim().slice(name.length)}`), this.defines);
    if ('error' in result) this.#error('CFG_DIRECTIVE', `#!${directive} ${name}: ${result.error}`, at);
    else this.#set('define', name, directive === 'defexps' ? quote(String(result.value)) : String(result.value), at);
  }

  #defineEnvironment(directive: string, rest: string, at: Span): void {
    const name = this.#name(directive, rest, at);
    if (name === null) return;
    const variable = /^=(\w+)/.exec(rest.trim().slice(name.length))?.[1] ?? name;
    const value = this.#options.env[variable];
    if (value !== undefined) {
      this.#set('define', name, directive.endsWith('s') ? quote(value) : value, at);
    } else if (!directive.startsWith('try')) {
      const hint = 'set it, or use #!trydefenv where it may be missing';
      this.#error('CFG_DEFINE_ENVIRONMENT', `the environment variable '${variable}' is not set`, at, hint);
    }
  }

  #substitution(directive: string, rest: string, at: Span): void {
    const quoted = /^\s*(["'])(.*)\1/s.exec(rest);
    const text = quoted === null ? rest.trim() : unescapeString(quoted[2]!, quoted[1] === '"' ? '"' : "'");
    if (quoted === null) {
      this.#warn('CFG_LENIENT', `the expression of #!${directive} has no quotes`, at, `write #!${directive} "${text}"`);
    }
    const expand = (value: string): string =>
      value.replace(/\$(env|def)\(([^)]*)\)/g, (_, kind: string, name: string) =>
        kind === 'env' ? (this.#options.env[name] ?? '') : (this.defines.get(name)?.value ?? ''),
      );
    const parsed = parseSubstitution(text, expand);
    if (typeof parsed === 'string') {
      this.#error('CFG_DIRECTIVE', `#!${directive}: ${parsed}`, at, `the form is #!${directive} "/old/new/g"`);
      return;
    }
    if (directive !== 'subst') {
      if (!/^[A-Za-z_]\w*$/.test(parsed.pattern)) {
        this.#error('CFG_DIRECTIVE', `'${parsed.pattern}' is not a name that can be defined`, at, 'use #!subst');
        return;
      }
      this.#set(
        'define',
        parsed.pattern,
        directive === 'substdefs' ? quote(parsed.replacement) : parsed.replacement,
        at,
      );
    }
    this.#substitutions.push(parsed);
  }

  /** The identifier a directive starts with; reports when there is none. */
  #name(directive: string, rest: string, at: Span): string | null {
    const name = /^\s*([A-Za-z_]\w*)/.exec(rest)?.[1];
    if (name !== undefined) return name;
    const message = `#!${directive} needs a name`;
    const hint = `for example #!${directive} WITH_NAT`;
    // Kamailio takes a define without a name for a comment.
    if (directive.endsWith('define')) this.#warn('CFG_DIRECTIVE', `${message}; the line is ignored`, at, hint);
    else this.#error('CFG_DIRECTIVE', message, at, hint);
    return null;
  }

  #similar(name: string): string | undefined {
    return didYouMean(name, this.defines.keys());
  }

  #warn(code: DiagnosticCode, message: string, at: Span, hint?: string): void {
    this.#diagnostics.warning(code, message, at, hint);
  }

  #error(code: DiagnosticCode, message: string, at: Span, hint?: string): void {
    this.#diagnostics.error(code, message, at, hint);
  }
}

function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
