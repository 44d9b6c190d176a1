/** Function calls and their arguments. */
import type { Argument, Call, Expression } from './ast.ts';
import { coreFunctions, isReservedWord, statementWords } from './keywords.ts';
import { type Cursor, ParseFailure } from './parser-cursor.ts';
import { socketProtocols, splitAddress } from './socket-address.ts';
import { didYouMean } from './suggestion.ts';
import { describeToken, type Token } from './token.ts';

type ParseExpression = (cursor: Cursor) => Expression;

/** Core functions whose argument is a flag: a number or a declared name. */
const flagFunctions: ReadonlySet<string> = new Set(
  'setflag resetflag isflagset setavpflag resetavpflag isavpflagset'.split(' '),
);
const intFunctions: ReadonlySet<string> = new Set(
  'strip strip_tail set_advertised_port remove_branch force_tcp_alias'.split(' '),
);
const socketFunctions: ReadonlySet<string> = new Set(
  'force_send_socket forward forward_udp forward_tcp forward_tls forward_sctp set_advertised_address'.split(' '),
);

/** Reads `name(args)`. Core functions without arguments may go without parentheses. The next token is the name. */
export function parseCall(cursor: Cursor, parseExpression: ParseExpression): Call {
  const nameToken = cursor.next();
  const canonical = coreFunctions.get(nameToken.text);
  const core = canonical !== undefined;
  const name = canonical ?? nameToken.text;
  const args: Argument[] = [];
  if (!core || cursor.isPunct('(')) {
    const open = cursor.expect('(', `after '${nameToken.text}'`, `a call is written ${nameToken.text}()`);
    if (cursor.accept(')') === null) {
      do
        args.push(
          core ? parseCoreArgument(cursor, name, parseExpression) : parseArgument(cursor, name, parseExpression),
        );
      while (cursor.accept(',') !== null);
      closeArguments(cursor, nameToken, open);
    }
  }
  return { kind: 'call', name, nameAt: nameToken.at, core, args, at: cursor.spanFrom(nameToken) };
}

function closeArguments(cursor: Cursor, name: Token, open: Token): void {
  if (cursor.accept(')') !== null) return;
  const token = cursor.peek();
  const elsewhere = open.at.line !== token.at.line ? `the call began at line ${open.at.line}` : undefined;
  const hint =
    token.kind === 'string' || token.kind === 'variable' || token.kind === 'int'
      ? `separate arguments with ','`
      : elsewhere;
  // Directly behind the last argument when the rest of the line is something else: that is where `)` is missing.
  const place = token.newlineBefore || token.text === ';' || token.text === '{' ? cursor.behind : token;
  cursor.error(
    'CFG_SYNTAX',
    `expected ',' or ')' in the arguments of ${name.text}(), found ${describeToken(token)}`,
    place,
    hint,
  );
  if (token.text === ';' || token.text === '}') return;
  throw new ParseFailure();
}

/** An argument of a module function: an expression. OpenSIPS `async(f(), route)` takes a call and a bare name. */
function parseArgument(cursor: Cursor, name: string, parseExpression: ParseExpression): Argument {
  const token = cursor.peek();
  if (token.kind === 'punct' && (token.text === ',' || token.text === ')')) {
    cursor.fail(`an argument of ${name}() is missing`, token, `for an empty one write ""`);
  }
  if (name === 'async' && token.kind === 'word' && !cursor.isPunct('(', 1)) {
    cursor.next();
    return { kind: 'identifier', name: token.text, at: token.at };
  }
  const argument = parseExpression(cursor);
  if (name !== 'async' && (argument.kind === 'call' || argument.kind === 'routeCall')) {
    const hint = 'call it before, and pass $var(x) or $rc';
    cursor.error('CFG_SYNTAX', `a call cannot be an argument of ${name}()`, token, hint);
  }
  return argument;
}

/** An argument of a core function: constants, flag names, `uri:host`, addresses. */
function parseCoreArgument(cursor: Cursor, name: string, parseExpression: ParseExpression): Argument {
  const token = cursor.peek();
  if (token.kind === 'variable' && !name.endsWith('avpflag') && !name.endsWith('avpflagset')) {
    cursor.error('CFG_VALUE', `${name}() takes constants only, not ${token.text}`, token, variableHint(name));
    return parseExpression(cursor);
  }
  if (token.kind === 'string') return coreString(cursor, name, parseExpression);
  if (token.kind === 'word' && token.text === 'uri' && cursor.isPunct(':', 1)) {
    cursor.next();
    cursor.next();
    const part = cursor.peek();
    if (part.text !== 'host' && part.text !== 'port') cursor.fail(`expected uri:host or uri:port`, part);
    cursor.next();
    return { kind: 'uriPart', part: part.text, at: cursor.spanFrom(token) };
  }
  if (socketFunctions.has(name) && (token.kind === 'ip' || token.kind === 'word' || cursor.adjacentCount(',)') > 1)) {
    return parseSocketArgument(cursor, name);
  }
  if (token.kind === 'word' && !cursor.isPunct('(', 1) && !statementWords.has(token.text)) {
    cursor.next();
    return { kind: 'identifier', name: token.text, at: token.at };
  }
  return parseExpression(cursor);
}

/** A string where Kamailio wants a number, a bare flag name or a bare socket is accepted. */
function coreString(cursor: Cursor, name: string, parseExpression: ParseExpression): Argument {
  const start = cursor.peek();
  const argument = parseExpression(cursor);
  if (argument.kind !== 'string') return argument;
  const { value, at } = argument;
  if ((flagFunctions.has(name) || intFunctions.has(name)) && /^\d+$/.test(value)) {
    cursor.lenient(`${name}() takes a number, not a string`, start, `write ${name}(${value})`);
    return { kind: 'int', value: Number(value) | 0, at };
  }
  if (flagFunctions.has(name)) {
    return { kind: 'identifier', name: value, at };
  }
  if (name === 'force_send_socket') {
    const address = splitAddress(value);
    if (address !== null && (address.proto !== null || address.port !== null)) {
      cursor.lenient('Kamailio takes a quoted socket as one host name', start, `write ${name}(${value})`);
    }
    if (address !== null) return { kind: 'socketArgument', ...address, at };
  }
  return argument;
}

/** `[proto:]host[:port]`, unquoted. */
function parseSocketArgument(cursor: Cursor, name: string): Argument {
  const start = cursor.peek();
  let proto: string | null = null;
  if (start.kind === 'word' && cursor.isPunct(':', 1) && socketProtocols.has(start.text.toLowerCase())) {
    proto = start.text.toLowerCase();
    cursor.next();
    cursor.next();
  }
  const hostToken = cursor.peek();
  let host: string;
  if (hostToken.kind === 'ip') {
    cursor.next();
    host = hostToken.address;
  } else if (hostToken.kind === 'string') host = cursor.takeString().value;
  else host = cursor.takeAdjacent(':,)');
  if (host === '') cursor.fail(`expected a host, found ${describeToken(hostToken)}`, hostToken);
  let port: number | null = null;
  if (cursor.accept(':') !== null) {
    const token = cursor.next();
    if (token.kind !== 'int') cursor.fail(`expected a port number, found ${describeToken(token)}`, token);
    port = token.value;
    if (name.startsWith('forward'))
      cursor.lenient(`${name}() takes the port as second argument`, start, `write ${name}(${host}, ${port})`);
  }
  return { kind: 'socketArgument', proto, host, port, at: cursor.spanFrom(start) };
}

function variableHint(name: string): string | undefined {
  const assign: Readonly<Record<string, string>> = {
    rewritehost: '$rd = …',
    rewriteport: '$rp = …',
    rewriteuser: '$rU = …',
    rewriteuri: '$ru = …',
    rewritehostport: '$rd = … and $rp = …',
    prefix: '$rU = "…" + $rU',
    strip: '$rU = $(rU{s.strip,$var(n)})',
    log: 'xlog("…")',
  };
  const replacement = assign[name];
  return replacement === undefined ? undefined : `use ${replacement}`;
}

/** A hint for a word that begins a statement and is not one. */
export function statementHint(word: string, next: Token): string | undefined {
  if (word === 'route') return `a call is written route(NAME)`;
  const similar = didYouMean(word, ['if', 'else', 'while', 'switch', 'return', 'exit', 'drop', 'break', 'route']);
  if (similar !== undefined && !isReservedWord(word)) return similar;
  return next.text === ';' ? `a call needs parentheses: ${word}()` : undefined;
}
