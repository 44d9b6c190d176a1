/** Values of `listen`, `alias` and `socket`. */
import type { AddressList, SocketAddress, SocketDefinition } from './ast-config.ts';
import { integerWords, isReservedWord, itemWords } from './keywords.ts';
import { type Cursor, ParseFailure } from './parser-cursor.ts';
import { socketProtocols, splitAddress } from './socket-address.ts';
import { describeToken, type Token } from './token.ts';

const form = 'the form is [proto:]host[:port], several separated by blanks';

/** Reads addresses up to the next item. */
export function parseAddressList(cursor: Cursor): AddressList {
  const start = cursor.peek();
  const addresses = [parseSocketAddress(cursor)];
  for (;;) {
    if (cursor.isPunct(',')) cursor.fail(`addresses are separated by blanks, not by ','`, undefined, form);
    if (!beginsAddress(cursor)) break;
    addresses.push(parseSocketAddress(cursor));
  }
  return { kind: 'addresses', addresses, at: cursor.spanFrom(start) };
}

/** Addresses may go on over lines, so the next item must be told from a host name: by its `=`, or as a keyword. */
function beginsAddress(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token.kind === 'ip' || token.kind === 'string' || cursor.isPunct('*')) return true;
  if (token.kind !== 'word' && token.kind !== 'int') return false;
  if (token.kind === 'word' && itemWords.has(token.text) && !followsInName(cursor)) return false;
  for (let ahead = 1; ; ahead++) {
    const next = cursor.peek(ahead);
    if (next.kind === 'punct' && next.text === '=') return false;
    if (next.kind === 'eof' || next.newlineBefore || next.spaceBefore) return !cursor.isPunct('=', ahead);
  }
}

function followsInName(cursor: Cursor): boolean {
  const next = cursor.peek(1);
  return !next.spaceBefore && (next.text === '.' || next.text === '-');
}

/** One address with its options. */
export function parseSocketAddress(cursor: Cursor): SocketAddress {
  const start = cursor.peek();
  if (start.text === '(') cursor.fail('addresses are not put into parentheses', start, form);
  const parts = parseHostPort(cursor);
  let advertise: SocketAddress['advertise'] = null;
  let name: string | null = null;
  let virtual = false;
  for (;;) {
    const option = cursor.peek();
    if (option.kind !== 'word' || option.newlineBefore) break;
    if ((option.text === 'advertise' || option.text === 'as') && !cursor.isPunct('=', 1)) {
      cursor.next();
      if (option.text === 'as') cursor.warn('CFG_DIALECT', `'as' is OpenSIPS syntax`, option, `write 'advertise'`);
      const { host, port } = parseHostPort(cursor);
      advertise = { host, port };
    } else if (option.text === 'name' && cursor.is('string', 1)) {
      cursor.next();
      name = cursor.takeString().value;
    } else if (option.text === 'virtual') {
      cursor.next();
      virtual = true;
    } else if (option.text === 'use_workers' || option.text === 'anycast' || option.text === 'reuse_port') {
      cursor.next();
      if (cursor.is('int')) cursor.next();
      cursor.warn('CFG_DIALECT', `'${option.text}' is OpenSIPS syntax; it is ignored`, option);
    } else {
      break;
    }
  }
  return {
    kind: 'socketAddress',
    ...parts,
    advertise,
    name,
    virtual,
    agname: null,
    vrf: null,
    at: cursor.spanFrom(start),
  };
}

interface HostPort {
  readonly proto: string | null;
  readonly host: string;
  readonly port: number | null;
  readonly portEnd: number | null;
}

function parseHostPort(cursor: Cursor): HostPort {
  const start = cursor.peek();
  let proto: string | null = null;
  if (start.kind === 'word' && cursor.isPunct(':', 1) && socketProtocols.has(start.text.toLowerCase())) {
    proto = start.text.toLowerCase();
    cursor.next();
    cursor.next();
  }
  const token = cursor.peek();
  let host: string;
  let port: number | null = null;
  if (token.kind === 'ip') {
    cursor.next();
    host = token.address;
  } else if (token.kind === 'string') {
    const literal = cursor.takeString();
    const split = splitAddress(literal.value);
    if (split === null) cursor.fail(`'${literal.value}' is not an address`, token, form);
    if (split.proto !== null) {
      cursor.lenient(
        `Kamailio takes "${literal.value}" as one host name`,
        token,
        `write ${literal.value} without quotes`,
      );
      proto = split.proto;
    }
    ({ host, port } = split);
  } else if (cursor.accept('*') !== null) {
    host = '*';
  } else if (token.kind === 'word' || token.kind === 'int') {
    host = parseHostName(cursor, token);
  } else {
    return cursor.fail(`expected an address, found ${describeToken(token)}`, token, form);
  }
  let portEnd: number | null = null;
  if (port === null && cursor.isPunct(':')) {
    cursor.next();
    port = parsePort(cursor);
    if (cursor.isPunct('-') && cursor.is('int', 1)) {
      cursor.next();
      portEnd = parsePort(cursor);
    }
  }
  return { proto, host, port, portEnd };
}

function parseHostName(cursor: Cursor, token: Token): string {
  let reserved: string | null = null;
  const count = cursor.adjacentCount(':;,=()');
  for (let ahead = 0; ahead < count; ahead++) {
    const part = cursor.peek(ahead);
    if (part.kind === 'word' && isReservedWord(part.text)) reserved ??= part.text;
  }
  const host = cursor.takeAdjacent(':;,=()');
  if (!/^[\w.-]+$/.test(host)) cursor.fail(`'${host}' is not a host name`, token, form);
  if (reserved !== null) {
    cursor.lenient(
      `the host name '${host}' contains the keyword '${reserved}'; Kamailio wants it in quotes`,
      token,
      `write "${host}"`,
    );
  }
  return host;
}

function parsePort(cursor: Cursor): number {
  const token = cursor.next();
  const value =
    token.kind === 'int'
      ? token.value
      : token.kind === 'string' && /^\d+$/.test(token.value)
        ? Number(token.value)
        : null;
  if (value === null) cursor.fail(`expected a port number, found ${describeToken(token)}`, token);
  if (value < 0 || value > 65535)
    cursor.error('CFG_VALUE', `${value} is not a port number`, token, 'ports are 1 to 65535');
  return value;
}

/** `{ bind = …; advertise = …; name = "…"; }` behind `socket =`. The next token is the brace. */
export function parseSocketBlock(cursor: Cursor, start: Token): SocketDefinition {
  const open = cursor.next();
  let bind: SocketAddress | null = null;
  let advertise: SocketAddress['advertise'] = null;
  const texts: { name: string | null; agname: string | null; vrf: string | null } = {
    name: null,
    agname: null,
    vrf: null,
  };
  let virtual = false;
  while (!cursor.isPunct('}') && !cursor.atEnd && !cursor.atItem) {
    if (cursor.accept(';') !== null) continue;
    const key = cursor.next();
    try {
      cursor.expect('=', `after '${key.text}'`, 'a socket block has lines like bind = udp:10.0.0.1:5060;');
      if (key.text === 'bind') bind = parseSocketAddress(cursor);
      else if (key.text === 'advertise') ({ advertise } = { advertise: parseHostPort(cursor) });
      else if (key.text === 'virtual') {
        const value = cursor.next();
        virtual = value.kind === 'int' ? value.value !== 0 : integerWords.get(value.text) === 1;
      } else if (key.text === 'name' || key.text === 'agname' || key.text === 'vrf') {
        if (!cursor.is('string'))
          cursor.fail(`expected a string for '${key.text}', found ${describeToken(cursor.peek())}`);
        texts[key.text] = cursor.takeString().value;
      } else {
        cursor.next();
        cursor.warn(
          'CFG_UNKNOWN_PARAMETER',
          `'${key.text}' is not known in a socket block; it is ignored`,
          key,
          'known are bind, advertise, name, virtual, agname, vrf',
        );
      }
    } catch (failure) {
      if (!(failure instanceof ParseFailure)) throw failure;
      while (!cursor.atEnd && !cursor.isPunct(';') && !cursor.isPunct('}') && !cursor.peek().newlineBefore)
        cursor.next();
    }
  }
  if (cursor.accept('}') === null) cursor.fail(`the socket block is not closed`, open, `add '}'`);
  if (bind === null) cursor.fail(`the socket block has no 'bind'`, open, 'add bind = udp:10.0.0.1:5060;');
  if (advertise !== null) advertise = { host: advertise.host, port: advertise.port };
  const address: SocketAddress = { ...bind, ...texts, advertise: advertise ?? bind.advertise, virtual, at: bind.at };
  return { kind: 'socketDefinition', address, at: cursor.spanFrom(start) };
}
