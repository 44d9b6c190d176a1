/**
 * Writes statements as JavaScript. `r` is the value of the last action, which is the value of the route when it ends without a return;
 * `ctx.stop` is looked at after everything that can end the script.
 */
import type { Emitter } from './codegen-emitter.ts';
import { ExpressionWriter, type Truth } from './codegen-expressions.ts';
import { type Frame, literal } from './codegen-frame.ts';
import type { Expr, Stmt } from './compile-ir.ts';
import type { Span } from './source.ts';

const STOPPED = 'if (ctx.stop !== 0) return ctx.rc;';

/** Writes statements into one function. */
export class StatementWriter {
  private readonly frame: Frame;
  private readonly emitter: Emitter;
  /** True inside a loop or switch, whose end a `break` is. */
  private inside = false;

  constructor(frame: Frame, emitter: Emitter) {
    this.frame = frame;
    this.emitter = emitter;
  }

  body(statements: readonly Stmt[]): void {
    for (const statement of statements) {
      this.statement(statement);
      // What follows cannot be reached; JavaScript would not mind, but there is no point in compiling it.
      if (statement.op === 'return' || statement.op === 'end' || statement.op === 'break') return;
    }
  }

  private statement(statement: Stmt): void {
    const { frame } = this;
    switch (statement.op) {
      case 'call': {
        frame.begin();
        const js = this.expressions('', null).callCode(statement.call);
        if (frame.canThrow) this.guarded(`r = ${js};`, 'r = failed', statement.call.at, 'route()');
        else frame.line(`r = ${js};`);
        if (statement.call.kind !== 'core' && statement.call.kind !== 'unsupported')
          frame.line('if (ctx.stop !== 0) return r;');
        return;
      }
      case 'assign':
        this.assign(statement);
        return;
      case 'if':
        this.conditional(statement);
        return;
      case 'while':
        this.loop(statement);
        return;
      case 'each':
        this.each(statement);
        return;
      case 'switch':
        this.choice(statement);
        return;
      case 'break':
        // A break counts as an action of value 0, also for the route it may end.
        frame.line(this.inside ? 'r = 0; break;' : 'return 0;');
        return;
      case 'return':
        this.returned(statement.value, statement.at);
        return;
      case 'end':
        this.end(statement);
        return;
      case 'block':
        this.body(statement.body);
        return;
      case 'nothing':
        // A lone `;` is no action: the value of the last one stays.
        return;
    }
  }

  private expressions(what: string, at: Span | null): ExpressionWriter {
    return new ExpressionWriter(this.frame, this.emitter, at === null ? -1 : this.emitter.site(what, at));
  }

  /** A line that may throw: `handler(ctx, site, error)` gives the value instead. */
  private guarded(line: string, handler: string, at: Span, what: string): void {
    this.frame.line(`try { ${line} } catch (e) { ${handler}(ctx, ${this.emitter.site(what, at)}, e); }`);
  }

  private assign({ target, value, at }: Stmt & { readonly op: 'assign' }): void {
    const { frame } = this;
    frame.begin();
    const access = this.emitter.target(target);
    const what = `assignment to ${target.text}`;
    const js = this.expressions(what, at).value(value);
    const site = this.emitter.site(what, at);
    if (!frame.canStop) {
      this.guarded(`r = ${access}.set(ctx, ${js}) ? 1 : refused(ctx, ${site});`, 'r = failed', at, what);
      return;
    }
    const t = frame.temp();
    // A script that was ended on the right side assigns nothing any more.
    const set = `r = ctx.stop !== 0 ? 0 : ${access}.set(ctx, ${t}) ? 1 : refused(ctx, ${site});`;
    this.guarded(`${t} = ${js}; ${set}`, 'r = failed', at, what);
    frame.line(STOPPED);
  }

  /** Writes what is needed to evaluate a condition and gives the JavaScript of its result. */
  private condition(expr: Expr, at: Span, keyword: string, how: Truth): string {
    const { frame } = this;
    frame.begin();
    const js = this.expressions(`${keyword} condition`, at).truth(expr, how);
    if (!frame.canStop && !frame.canThrow) return js;
    // A condition that cannot be evaluated is false.
    if (frame.canThrow) this.guarded(`c = ${js};`, 'c = failedTest', at, `${keyword} condition`);
    else frame.line(`c = ${js};`);
    if (frame.canStop) frame.line(STOPPED);
    return 'c';
  }

  private conditional({ condition, yes, no, at }: Stmt & { readonly op: 'if' }): void {
    const { frame } = this;
    const js = this.condition(condition, at, 'if', 'positive');
    frame.line('r = 1;');
    frame.block(`if (${js}) `, () => this.body(yes));
    if (no !== null && no.length > 0) frame.block('else ', () => this.body(no));
  }

  private loop({ condition, body, at }: Stmt & { readonly op: 'while' }): void {
    const { frame } = this;
    const counter = frame.temp();
    frame.line(`r = 1; ${counter} = 0;`);
    frame.block('for (;;) ', () => {
      // Kamailio 5 goes on while the value is not 0, so a negative one does not end the loop.
      const js = this.condition(condition, at, 'while', 'nonzero');
      frame.line(`if (!${js}) break;`);
      const limit = `loopLimit(ctx, ${this.emitter.site('while', at)})`;
      frame.line(`if (${counter}++ >= ${literal(this.emitter.maxLoops)}) { r = ${limit}; break; }`);
      this.within(() => this.body(body));
    });
  }

  private each({ target, source, body, at }: Stmt & { readonly op: 'each' }): void {
    const { frame, emitter } = this;
    const counter = frame.temp();
    const value = frame.temp();
    const key = Symbol('for');
    const { name } = emitter.counted(source, key);
    const site = emitter.site('for', at);
    frame.line(`r = 1; ${counter} = -1;`);
    frame.block('for (;;) ', () => {
      frame.line(`if (++${counter} >= ${literal(emitter.maxLoops)}) { r = loopLimit(ctx, ${site}); break; }`);
      const read = `ctx.setCached(${emitter.capture({ key })}.key, ${counter}); ${value} = ${name}.get(ctx);`;
      frame.line(`try { ${read} } catch (e) { r = failed(ctx, ${site}, e); break; }`);
      frame.line(`if (${value} === null) break;`);
      frame.line(`${emitter.target(target)}.set(ctx, ${value});`);
      this.within(() => this.body(body));
    });
  }

  private choice({ subject, by, cases, at }: Stmt & { readonly op: 'switch' }): void {
    const { frame } = this;
    const t = frame.temp();
    frame.begin();
    const writer = this.expressions('switch', at);
    const js = by === 'int' ? writer.int(subject) : writer.text(subject);
    if (frame.canThrow) this.guarded(`${t} = ${js};`, `${t} = failedSwitch`, at, 'switch');
    else frame.line(`${t} = ${js};`);
    if (frame.canStop) frame.line(STOPPED);
    frame.line('r = 1;');
    if (cases.length === 0) return;
    const hasRegex = cases.some(({ label }) => label instanceof RegExp);
    frame.block(`switch (${hasRegex ? this.caseNumber(t, cases) : t}) `, () => {
      cases.forEach(({ label, body }, index) => {
        const shown = label === null ? 'default' : `case ${hasRegex ? index : literal(label as string | number)}`;
        frame.block(`${shown}: `, () => this.within(() => this.body(body)));
      });
    });
  }

  /** With patterns among the labels the first that fits is taken, by its number; -1 for the default. */
  private caseNumber(t: string, cases: readonly { readonly label: string | number | RegExp | null }[]): string {
    const tests = cases.map(({ label }, index) => {
      if (label === null) return '';
      const test =
        label instanceof RegExp ? `${this.emitter.capture(label)}.test(${t})` : `${t} === ${literal(String(label))}`;
      return `${test} ? ${index} : `;
    });
    return `${tests.join('')}-1`;
  }

  private within(write: () => void): void {
    const before = this.inside;
    this.inside = true;
    write();
    this.inside = before;
  }

  private returned(value: Expr | null, at: Span): void {
    const { frame } = this;
    if (value === null) {
      frame.line('return 1;');
      return;
    }
    // return 0 ends the whole script.
    if (value.op === 'const') {
      const code = this.expressions('return', at).int(value);
      frame.line(code === '0' ? 'return stop(ctx, 1, 0);' : `return ${code};`);
      return;
    }
    this.evaluated(value, at, 'return');
    frame.line('if (r === 0) ctx.stop = 1;');
    frame.line('return r;');
  }

  private end({ drop, value, at }: Stmt & { readonly op: 'end' }): void {
    const { frame } = this;
    const kind = drop ? 2 : 1;
    if (value === null) {
      frame.line(`return stop(ctx, ${kind}, ${drop ? 0 : 1});`);
      return;
    }
    this.evaluated(value, at, drop ? 'drop' : 'exit');
    frame.line(`return stop(ctx, ${kind}, r);`);
  }

  private evaluated(value: Expr, at: Span, what: string): void {
    const { frame } = this;
    frame.begin();
    const js = this.expressions(what, at).int(value);
    if (frame.canThrow) this.guarded(`r = ${js};`, 'r = failed', at, what);
    else frame.line(`r = ${js};`);
    if (frame.canStop) frame.line(STOPPED);
  }
}
