/** `loadmodule`, `modparam` and the path of modules. */
import type { Identifier, IntLiteral, StringLiteral } from './ast.ts';
import type { ConfigEngine, LoadModule, ModParam, ModulePath } from './ast-config.ts';
import { integerWords } from './keywords.ts';
import type { Cursor } from './parser-cursor.ts';
import { describeToken } from './token.ts';

/** A module's name out of its path: `/usr/lib/kamailio/modules/tm.so` is `tm`. */
export function moduleName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.so$/, '');
}

/** `loadmodule "tm.so"`, `loadmodule("x", "opts")`; bare words are accepted. */
export function parseLoadModule(cursor: Cursor): LoadModule {
  const start = cursor.next();
  const parentheses = cursor.accept('(') !== null;
  const token = cursor.peek();
  let path: string;
  if (token.kind === 'string') {
    path = cursor.takeString().value;
  } else if (token.kind === 'bare' || token.kind === 'word') {
    path = token.kind === 'bare' ? cursor.next().text : cursor.takeAdjacent(';)');
    cursor.lenient(`the module's name has no quotes; Kamailio wants them`, token, `write ${start.text} "${path}"`);
  } else {
    return cursor.fail(
      `expected the name of a module, found ${describeToken(token)}`,
      token,
      'for example loadmodule "tm.so"',
    );
  }
  let options: string | null = null;
  if (parentheses) {
    if (cursor.accept(',') !== null) {
      if (!cursor.is('string'))
        cursor.fail(`expected a string with the module's options, found ${describeToken(cursor.peek())}`);
      options = cursor.takeString().value;
    }
    cursor.expect(')', 'to end loadmodule');
  }
  const at = cursor.spanFrom(start);
  return { kind: 'loadModule', name: moduleName(path), path, options, interpolated: start.text === 'loadmodulex', at };
}

/** `mpath "…"`, `loadpath = "…"` */
export function parseModulePath(cursor: Cursor): ModulePath {
  const start = cursor.next();
  cursor.accept('=');
  if (!cursor.is('string'))
    cursor.fail(`expected a string after '${start.text}', found ${describeToken(cursor.peek())}`);
  const path = cursor.takeString().value;
  return { kind: 'modulePath', path, at: cursor.spanFrom(start) };
}

/** `cfgengine "lua"`, `cfgengine = "lua"` */
export function parseConfigEngine(cursor: Cursor): ConfigEngine {
  const start = cursor.next();
  cursor.accept('=');
  const token = cursor.peek();
  if (token.kind !== 'string' && token.kind !== 'word')
    cursor.fail(`expected the name of an engine, found ${describeToken(token)}`);
  const name = token.kind === 'string' ? cursor.takeString().value : cursor.next().text;
  return { kind: 'configEngine', name, at: cursor.spanFrom(start) };
}

/** `modparam("module", "parameter", value)` */
export function parseModParam(cursor: Cursor): ModParam {
  const start = cursor.next();
  const form = `the form is ${start.text}("module", "parameter", value)`;
  cursor.expect('(', `after '${start.text}'`, form);
  const modulesToken = cursor.peek();
  const glued = modulesToken.kind === 'string' && cursor.is('string', 1);
  const written = parseName(cursor, 'module', form);
  const modules = written.split('|').map(moduleName).join('|');
  if (modules !== written)
    cursor.lenient(`'${written}' is a path; the module's name is enough`, modulesToken, `write "${modules}"`);
  cursor.expect(',', 'behind the module', form);
  const paramToken = cursor.peek();
  const param = parseName(cursor, 'parameter', glued ? `is there a ',' missing between the strings?` : form);
  cursor.expect(',', 'behind the parameter', form);
  const value = parseModParamValue(cursor, param, form);
  if (cursor.accept(')') === null) {
    const token = cursor.peek();
    const hint = token.kind === 'punct' ? 'values are constants, not expressions' : form;
    if (token.newlineBefore || token.kind === 'eof')
      cursor.error('CFG_SYNTAX', `expected ')' to end ${start.text}`, cursor.behind, hint);
    else cursor.fail(`expected ')' to end ${start.text}, found ${describeToken(token)}`, token, hint);
  }
  const interpolated = start.text === 'modparamx';
  const base = { modules, modulesAt: modulesToken.at, param, paramAt: paramToken.at };
  return { kind: 'modParam', ...base, value, interpolated, at: cursor.spanFrom(start) };
}

function parseName(cursor: Cursor, what: string, form: string): string {
  const token = cursor.peek();
  if (token.kind === 'string') return cursor.takeString().value;
  if (token.kind !== 'word')
    return cursor.fail(`expected the name of a ${what}, found ${describeToken(token)}`, token, form);
  const name = cursor.takeAdjacent(',)');
  cursor.lenient(`the ${what}'s name has no quotes; Kamailio wants them`, token, `write "${name}"`);
  return name;
}

function parseModParamValue(cursor: Cursor, param: string, form: string): IntLiteral | StringLiteral | Identifier {
  const token = cursor.peek();
  if (token.kind === 'string') return cursor.takeString();
  const negative = cursor.accept('-') !== null;
  const number = cursor.peek();
  if (number.kind === 'int' || (number.kind === 'word' && integerWords.has(number.text))) {
    cursor.next();
    const value = number.kind === 'int' ? number.value : integerWords.get(number.text)!;
    return { kind: 'int', value: negative ? -value | 0 : value, at: cursor.spanFrom(token) };
  }
  if (number.kind === 'variable') {
    cursor.fail(
      `the value of '${param}' is a constant`,
      number,
      `write "${number.text}" when the module shall read the variable`,
    );
  }
  if (negative || (number.kind !== 'word' && number.kind !== 'ip')) {
    cursor.fail(`expected the value of '${param}', found ${describeToken(number)}`, number, form);
  }
  const name = cursor.takeAdjacent(',)');
  const hint = `write "${name}" for a string, or #!define ${name} before`;
  cursor.lenient(`'${name}' is neither a string, a number nor a defined name; it is taken as a string`, token, hint);
  return { kind: 'identifier', name, at: cursor.spanFrom(token) };
}
