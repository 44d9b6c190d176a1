/** Route blocks: `request_route { … }`, `route[NAME] { … }`, `event_route[mod:event] { … }` and their kin. */
import type { RouteBlock, RouteKind } from './ast-config.ts';
import type { Cursor } from './parser-cursor.ts';
import { bareRouteName } from './parser-expression.ts';
import { parseBlock } from './parser-statement.ts';
import { describeToken, type Token } from './token.ts';

interface RouteKeyword {
  /** Kind of the block without a name, `null` when it must have one. */
  readonly unnamed: RouteKind | null;
  /** Kind of the block with a name, `null` when it must not have one. */
  readonly named: RouteKind | null;
  /** Spelling of OpenSIPS. */
  readonly dialect?: boolean;
}

const routeKeywords: ReadonlyMap<string, RouteKeyword> = new Map(
  Object.entries({
    request_route: { unnamed: 'request', named: null },
    route: { unnamed: 'request', named: 'route' },
    reply_route: { unnamed: 'reply', named: 'onreply' },
    onreply_route: { unnamed: 'reply', named: 'onreply' },
    failure_route: { unnamed: 'failure', named: 'failure' },
    branch_route: { unnamed: 'branch', named: 'branch' },
    onsend_route: { unnamed: 'onsend', named: 'onsend' },
    event_route: { unnamed: null, named: 'event' },
    startup_route: { unnamed: 'startup', named: null, dialect: true },
    local_route: { unnamed: 'local', named: null, dialect: true },
    error_route: { unnamed: 'error', named: null, dialect: true },
    timer_route: { unnamed: null, named: 'timer', dialect: true },
  } satisfies Record<string, RouteKeyword>),
);

/** True for the words that begin a route block. */
export function isRouteKeyword(word: string): boolean {
  return routeKeywords.has(word);
}

/** Reads a route block. The next token must be one of the route keywords. */
export function parseRouteBlock(cursor: Cursor): RouteBlock {
  const start = cursor.next();
  const keyword = start.text;
  const { unnamed, named, dialect } = routeKeywords.get(keyword)!;
  if (dialect === true) cursor.warn('CFG_DIALECT', `'${keyword}' is an OpenSIPS block`, start);
  if (keyword === 'reply_route' && cursor.isPunct('[')) {
    cursor.lenient('Kamailio has no reply_route with a name', start, 'write onreply_route[NAME]');
  }
  let name: string | null = null;
  let interval: number | null = null;
  if (cursor.isPunct('[')) ({ name, interval } = parseHead(cursor, start, named));
  else if (unnamed === null)
    cursor.fail(
      `'${keyword}' needs a name`,
      start,
      `for example ${keyword}[${named === 'timer' ? 'check, 60' : 'tm:local-request'}] { … }`,
    );
  // The unnamed failure and branch routes are number 0, as are `route[0]` and `onreply_route[0]`.
  const isMain = name === null || name === '0';
  const routeKind = isMain && unnamed !== null ? unnamed : named!;
  if (name === null && (routeKind === 'failure' || routeKind === 'branch')) name = '0';
  if (isMain && routeKind !== 'failure' && routeKind !== 'branch') name = null;
  if (!cursor.isPunct('{'))
    cursor.fail(`expected '{' to begin the ${keyword} block, found ${describeToken(cursor.peek())}`);
  const body = parseBlock(cursor);
  return { kind: 'routeBlock', routeKind, name, keyword, interval, body, at: start.at };
}

function parseHead(cursor: Cursor, start: Token, named: RouteKind | null): { name: string; interval: number | null } {
  const open = cursor.next();
  if (named === null) cursor.error('CFG_SYNTAX', `'${start.text}' takes no name`, open, `write ${start.text} { … }`);
  const token = cursor.peek();
  let name: string;
  if (token.kind === 'eventName') {
    cursor.next();
    name = token.name;
  } else if (token.kind === 'string') {
    name = cursor.takeString().value;
  } else {
    const bare = bareRouteName(cursor, '],');
    if (bare === null)
      cursor.fail(
        `expected the name of the route, found ${describeToken(token)}`,
        token,
        `quote names with blanks: ${start.text}["my route"]`,
      );
    name = bare.value;
  }
  if (name === '') cursor.error('CFG_SYNTAX', `the name of the ${start.text} is empty`, token);
  let interval: number | null = null;
  if (named === 'timer') {
    const comma = name.indexOf(',');
    if (comma >= 0) {
      interval = Number.parseInt(name.slice(comma + 1), 10);
      name = name.slice(0, comma).trim();
    } else if (cursor.accept(',') !== null) {
      const seconds = cursor.next();
      interval = seconds.kind === 'int' ? seconds.value : null;
    }
    if (interval === null || Number.isNaN(interval))
      cursor.fail('timer_route needs its seconds', token, 'for example timer_route[check, 60] { … }');
  }
  cursor.expect(']', 'behind the name of the route');
  return { name, interval };
}
