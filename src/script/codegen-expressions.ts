/**
 * Writes expressions as JavaScript. Each has several faces, and the reader asks for the one it needs: a truth, an integer, a text, the
 * value itself. So no value is converted that does not have to be.
 */

import { staticType } from './checker-fold.ts';
import type { Emitter } from './codegen-emitter.ts';
import { type Frame, literal } from './codegen-frame.ts';
import type { CallSite, Expr, TextParts } from './compile-ir.ts';
import { toInteger } from './runtime-convert.ts';

/** `positive`: what if, while and selval take for true; `nonzero`: what `!`, `&&` and `||` do. */
export type Truth = 'positive' | 'nonzero';

/** Writes expressions into one function. */
export class ExpressionWriter {
  private readonly frame: Frame;
  private readonly emitter: Emitter;
  /** Index of the place in the configuration, for warnings about conversions. */
  private readonly site: number;

  constructor(frame: Frame, emitter: Emitter, site: number) {
    this.frame = frame;
    this.emitter = emitter;
    this.site = site;
  }

  /** A JavaScript truth value. */
  truth(expr: Expr, how: Truth): string {
    switch (expr.op) {
      case 'const': {
        const value = toInteger(expr.value);
        return String(how === 'positive' ? value > 0 : value !== 0);
      }
      case 'and':
        return `(${this.truth(expr.left, 'nonzero')} && ${this.truth(expr.right, 'nonzero')})`;
      case 'or':
        return `(${this.truth(expr.left, 'nonzero')} || ${this.truth(expr.right, 'nonzero')})`;
      case 'not':
        return `!${this.truth(expr.operand, 'nonzero')}`;
      case 'order':
        return `(${this.int(expr.left)} ${expr.kind} ${this.int(expr.right)})`;
      case 'equal':
        return this.equal(expr);
      case 'match': {
        const subject = this.text(expr.left);
        if (expr.regex instanceof RegExp) return `${this.emitter.capture(expr.regex)}.test(${subject})`;
        this.frame.canThrow = true;
        return `regex(${this.text(expr.regex)}).test(${subject})`;
      }
      case 'defined':
        return `(${this.operand(expr.operand)} !== null)`;
      case 'empty': {
        if (staticType(expr.operand) === 'int') return `(${this.int(expr.operand)}, false)`;
        const t = this.frame.temp();
        return `((${t} = ${this.operand(expr.operand)}) === null || ${t} === "")`;
      }
      case 'test':
        return this.test(expr);
      case 'call':
      case 'block':
        return `(${this.code(expr)} ${this.emitter.rawCodes ? '!==' : '>'} 0)`;
      default:
        return `(${this.int(expr)} ${how === 'positive' ? '>' : '!=='} 0)`;
    }
  }

  /** A 32-bit integer. */
  int(expr: Expr): string {
    switch (expr.op) {
      case 'const':
        return literal(toInteger(expr.value));
      case 'read': {
        const access = this.emitter.access(expr.ref);
        this.frame.canThrow = true;
        return access.int === null ? `int(${access.name}.get(ctx), ${this.site})` : `${access.name}.int(ctx)`;
      }
      case 'call':
      case 'block':
        return this.emitter.rawCodes ? this.code(expr) : `(${this.code(expr)} > 0 ? 1 : 0)`;
      case 'int':
        return this.arithmetic(expr);
      case 'negate':
        return `(-${this.int(expr.operand)} | 0)`;
      case 'complement':
        return `(~${this.int(expr.operand)})`;
      case 'plus':
        // Where an integer is wanted only a text that is known as one concatenates; what a variable holds does not matter.
        if (staticType(expr.left) === 'text') return `int(${this.operand(expr)}, ${this.site})`;
        return `(${this.int(expr.left)} + ${this.int(expr.right)} | 0)`;
      case 'concat':
        return `int(${this.text(expr)}, ${this.site})`;
      case 'toText':
        // (str) of a variable changes nothing where an integer is wanted: it keeps its integer face.
        if (expr.operand.op === 'read') return this.int(expr.operand);
        return `int(${this.text(expr.operand)}, ${this.site})`;
      case 'toInt':
        return this.int(expr.operand);
      case 'length':
        return `${this.text(expr.operand)}.length`;
      case 'choose':
        return `(${this.truth(expr.condition, 'positive')} ? ${this.int(expr.yes)} : ${this.int(expr.no)})`;
      default:
        return `(${this.truth(expr, 'nonzero')} ? 1 : 0)`;
    }
  }

  /** A text; undefined is empty. */
  text(expr: Expr): string {
    switch (expr.op) {
      case 'const':
        return literal(expr.value === null ? '' : String(expr.value));
      case 'read':
        return `text(${this.operand(expr)})`;
      case 'plus':
        if (staticType(expr.left) === 'text') return `(${this.text(expr.left)} + ${this.text(expr.right)})`;
        return `text(${this.operand(expr)})`;
      case 'concat':
        return `(${this.text(expr.left)} + ${this.text(expr.right)})`;
      case 'toText':
        return this.text(expr.operand);
      case 'choose':
        return `(${this.truth(expr.condition, 'positive')} ? ${this.text(expr.yes)} : ${this.text(expr.no)})`;
      default:
        return `("" + ${this.int(expr)})`;
    }
  }

  /** The value as it is, inside of an expression: a call is 1 or 0. */
  operand(expr: Expr): string {
    switch (expr.op) {
      case 'const':
        return literal(expr.value);
      case 'read':
        this.frame.canThrow = true;
        return `${this.emitter.access(expr.ref).name}.get(ctx)`;
      case 'plus':
        return this.plus(expr.left, expr.right);
      case 'choose':
        return `(${this.truth(expr.condition, 'positive')} ? ${this.operand(expr.yes)} : ${this.operand(expr.no)})`;
      case 'concat':
      case 'toText':
        return this.text(expr);
      default:
        return this.int(expr);
    }
  }

  /** The value as it is, as the whole right side of an assignment: a call keeps its code. */
  value(expr: Expr): string {
    return expr.op === 'call' || expr.op === 'block' ? this.code(expr) : this.operand(expr);
  }

  /** An interpolated text. */
  interpolated(parts: TextParts): string {
    if (parts.length === 0) return '""';
    const pieces = parts.map((part) => {
      if (typeof part === 'string') return literal(part);
      this.frame.canThrow = true;
      // What a transformation leaves undefined prints as nothing, an undefined variable as `<null>`.
      return `${part.transformations.length > 0 ? 'text' : 'shown'}(${this.emitter.access(part).name}.get(ctx))`;
    });
    return pieces.length === 1 ? (pieces[0] as string) : `(${pieces.join(' + ')})`;
  }

  /** The code of a call: what it returned. Nothing more is called once the script was ended. */
  code(expr: Expr & { readonly op: 'call' | 'block' }): string {
    const guarded = this.frame.canStop;
    this.frame.canStop = true;
    const js = expr.op === 'block' ? this.block(expr) : this.call(expr.call);
    return guarded ? `(ctx.stop !== 0 ? 0 : ${js})` : js;
  }

  private block(expr: Expr & { readonly op: 'block' }): string {
    const { name, isAsync } = this.emitter.blockFunction(expr.body);
    return this.awaited(`(ctx.rc = 0, ${name}(ctx))`, isAsync);
  }

  private call(site: CallSite): string {
    if (site.kind === 'core') {
      // A core function does not set $rc as a statement; in an expression it leaves 0 there, as Kamailio does.
      return `(ctx.rc = 0, ${this.emitter.core(site)}(ctx))`;
    }
    return this.callCode(site);
  }

  /** A call as a statement makes it. */
  callCode(site: CallSite): string {
    switch (site.kind) {
      case 'core':
        return `${this.emitter.core(site)}(ctx)`;
      case 'unsupported':
        return `unsupported(ctx, ${this.emitter.site(`${site.name}()`, site.at)})`;
      case 'function': {
        const { name, isAsync } = this.emitter.functionCall(site);
        return this.awaited(`${name}(ctx)`, isAsync);
      }
      case 'route': {
        if (site.args.length > 0) {
          const values = site.args.map((arg) => this.operand(arg)).join(', ');
          return `(ctx.passed = [${values}], ${this.callCode({ ...site, args: [] })})`;
        }
        if (typeof site.name === 'string') {
          const { name, isAsync } = this.emitter.routeCall(site.name);
          return this.awaited(`${name}(ctx)`, isAsync);
        }
        const { isAsync } = this.emitter.dynamicRoutes();
        return this.awaited(`dynamic(ctx, ${this.text(site.name)}, ${this.emitter.site('route()', site.at)})`, isAsync);
      }
    }
  }

  /** Only what is a promise is awaited: a function that had its answer at once costs no turn of the event loop. */
  private awaited(js: string, isAsync: boolean): string {
    if (!isAsync) return js;
    const t = this.frame.temp();
    return `(typeof (${t} = ${js}) === "number" ? ${t} : await ${t})`;
  }

  private test(expr: Expr & { readonly op: 'test' }): string {
    const operand = expr.operand === null || expr.operand.op === 'const' ? 'null' : this.operand(expr.operand);
    if (expr.operand !== null) this.frame.canThrow = true;
    return `${this.emitter.test(expr.test, expr.operand)}(ctx, ${operand})`;
  }

  private arithmetic({ kind, left, right }: Expr & { readonly op: 'int' }): string {
    const l = this.int(left);
    const r = this.int(right);
    switch (kind) {
      case '*':
        return `Math.imul(${l}, ${r})`;
      case '/':
      case 'mod': {
        const operator = kind === '/' ? '/' : '%';
        if (right.op === 'const' && toInteger(right.value) !== 0) return `(${l} ${operator} ${r} | 0)`;
        this.frame.canThrow = true;
        return `(${l} ${operator} divisor(${r}) | 0)`;
      }
      case '-':
        return `(${l} - ${r} | 0)`;
      default:
        return `(${l} ${kind} ${r})`;
    }
  }

  /** The left side decides when it runs: an integer adds, anything else concatenates. */
  private plus(left: Expr, right: Expr): string {
    const type = staticType(left);
    if (type === 'int') return `(${this.int(left)} + ${this.int(right)} | 0)`;
    if (type !== 'any') return `(${this.text(left)} + ${this.text(right)})`;
    const t = this.frame.temp();
    const l = this.operand(left);
    if (right.op === 'const' || right.op === 'read') {
      return `(typeof (${t} = ${l}) === "number" ? ${t} + ${this.int(right)} | 0 : text(${t}) + ${this.text(right)})`;
    }
    return `plus(${l}, ${this.operand(right)})`;
  }

  private equal({ by, left, right }: Expr & { readonly op: 'equal' }): string {
    const type = staticType(left);
    if (by === 'number' || (by === 'left' && type === 'int')) return `(${this.int(left)} === ${this.int(right)})`;
    if (by === 'text' || type === 'text') return `(${this.text(left)} === ${this.text(right)})`;
    const t = this.frame.temp();
    const l = this.operand(left);
    if (right.op === 'const' && right.value !== null && right.value !== '') {
      const { value } = right;
      // A text on the left compares as text, an integer as integer, undefined as the right side's 0.
      const other = typeof value === 'number' ? literal(String(value)) : literal(toInteger(value));
      const undefinedToo = value === 0 ? ` || ${t} === null` : '';
      return `((${t} = ${l}) === ${literal(value)} || ${t} === ${other}${undefinedToo})`;
    }
    if (right.op === 'read') {
      const absent = `equals(null, ${this.operand(right)})`;
      return `(typeof (${t} = ${l}) === "number" ? ${t} === ${this.int(right)} : ${t} === null ? ${absent} : ${t} === ${this.text(right)})`;
    }
    return `equals(${l}, ${this.operand(right)})`;
  }
}
