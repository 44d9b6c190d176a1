/** Shorthands for tests of the front end. */
import type { Argument, CoreTestOperand, Expression, Statement, SwitchLabel } from '../../src/script/ast.ts';
import type { Config, ConfigItem } from '../../src/script/ast-config.ts';
import type { Diagnostic } from '../../src/script/diagnostic.ts';
import { type ParsedConfig, type ParseOptions, parseConfig } from '../../src/script/parse-config.ts';

export function parse(text: string, options: ParseOptions = {}): ParsedConfig {
  return parseConfig({ file: 'test.cfg', text }, options);
}

/** Diagnostics as `line:column severity CODE`. */
export function problems(parsed: ParsedConfig): string[] {
  return parsed.diagnostics.map(({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`);
}

export function errors(parsed: ParsedConfig): readonly Diagnostic[] {
  return parsed.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
}

/** Parses a text that must be free of errors and warnings. */
export function parseClean(text: string, options: ParseOptions = {}): Config {
  const parsed = parse(text, options);
  if (parsed.diagnostics.length > 0) throw new Error(`${problems(parsed).join(', ')} in ${text}`);
  return parsed.ast;
}

/** The first item of a kind. */
export function item<K extends ConfigItem['kind']>(config: Config, kind: K): ConfigItem & { kind: K } {
  const found = config.items.find((candidate) => candidate.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found as ConfigItem & { kind: K };
}

/** Statements of `request_route { … }` as text; warnings are allowed, errors are not. */
export function statements(body: string): string {
  const parsed = parse(`request_route {\n${body}\n}`);
  const failed = errors(parsed)[0];
  if (failed !== undefined) throw new Error(`${failed.line}:${failed.column} ${failed.message} in ${body}`);
  return item(parsed.ast, 'routeBlock').body.statements.map(showStatement).join(' ');
}

/** An expression as fully parenthesized text. */
export function expression(text: string): string {
  const shown = statements(`$x = ${text};`);
  return shown.slice('$x = '.length, -1);
}

/** A condition as fully parenthesized text. */
export function condition(text: string): string {
  const shown = statements(`if (${text}) exit;`);
  return shown.slice('if '.length, -' { exit; }'.length);
}

export function showStatement(node: Statement): string {
  const block = (list: readonly Statement[]): string => `{ ${list.map(showStatement).join(' ')} }`;
  switch (node.kind) {
    case 'callStatement':
    case 'routeCallStatement':
      return `${show(node.call)};`;
    case 'assignment':
      return `${show(node.target)} ${node.operator} ${show(node.value)};`;
    case 'if': {
      const otherwise = node.else === null ? '' : ` else ${block(node.else.statements)}`;
      return `if ${show(node.condition)} ${block(node.then.statements)}${otherwise}`;
    }
    case 'while':
      return `while ${show(node.condition)} ${block(node.body.statements)}`;
    case 'forEach':
      return `for ${show(node.target)} in ${show(node.source)} ${block(node.body.statements)}`;
    case 'switch': {
      const cases = node.cases.map(
        ({ label, statements: list }) => `${showLabel(label)}: ${list.map(showStatement).join(' ')}`,
      );
      return `switch ${show(node.subject)} { ${cases.join(' ')} }`;
    }
    case 'return':
    case 'exit':
    case 'drop':
      return node.value === null ? `${node.kind};` : `${node.kind} ${show(node.value)};`;
    case 'break':
      return 'break;';
    case 'block':
      return block(node.statements);
    case 'empty':
      return ';';
  }
}

function showLabel(label: SwitchLabel): string {
  switch (label.kind) {
    case 'default':
      return 'default';
    case 'regex':
      return `case /"${label.pattern}"`;
    default:
      return `case ${JSON.stringify(label.value)}`;
  }
}

export function show(node: Expression | Argument): string {
  switch (node.kind) {
    case 'int':
      return String(node.value);
    case 'string':
      return JSON.stringify(node.value);
    case 'variable':
      return node.ref.raw;
    case 'select':
      return `@${node.path}`;
    case 'binary':
      return `(${show(node.left)} ${node.operator} ${show(node.right)})`;
    case 'unary':
      return `(${node.operator} ${show(node.operand)})`;
    case 'cast':
      return `((${node.type}) ${show(node.operand)})`;
    case 'defined':
    case 'strempty':
    case 'strlen':
      return `${node.kind}(${show(node.operand)})`;
    case 'selval':
      return `selval(${show(node.condition)}, ${show(node.then)}, ${show(node.else)})`;
    case 'coreTest':
      return `<${node.keyword} ${node.operator} ${showOperand(node.operand)}>`;
    case 'call':
      return `${node.core ? 'core.' : ''}${node.name}(${node.args.map(show).join(', ')})`;
    case 'routeCall':
      return `route(${[node.name, ...node.args].map(show).join(', ')})`;
    case 'blockExpression':
      return `{ ${node.body.statements.map(showStatement).join(' ')} }`;
    case 'identifier':
      return node.name;
    case 'socketArgument':
      return `socket ${node.proto}:${node.host}:${node.port}`;
    case 'uriPart':
      return `uri:${node.part}`;
    case 'error':
      return '<error>';
  }
}

function showOperand(operand: CoreTestOperand): string {
  switch (operand.kind) {
    case 'myself':
      return 'myself';
    case 'network':
      return operand.prefix === null ? operand.address : `${operand.address}/${operand.prefix}`;
    case 'word':
      return operand.word;
    case 'expression':
      return show(operand.expression);
  }
}
