import { styleText } from 'node:util';
import { NULL_TEXT } from '../rpc/binrpc/writer.ts';
import { RpcArray, RpcDouble, type RpcResult, RpcStruct, type RpcValue } from '../rpc/value.ts';
import { aligned, columnWidths, GAP } from './aligned.ts';
import { printable } from './rpc-output.ts';

/** A struct of a reply, read by name. */
export type Fields = ReadonlyMap<string, RpcValue>;

/** Members of a struct, their names fit for a terminal; none for another value. */
export function fields(value: RpcResult): Fields {
  const members = value instanceof RpcStruct ? value.members : [];
  return new Map(members.map(([name, member]) => [printable(name), member]));
}

/** Structs of an array; none for another value. */
export function structs(value: RpcValue | undefined): readonly Fields[] {
  return value instanceof RpcArray ? value.items.map(fields) : [];
}

export function text(of: Fields, name: string): string {
  const value = of.get(name);
  if (value === NULL_TEXT) return '';
  return typeof value === 'string' || typeof value === 'number' ? printable(`${value}`) : '';
}

export function number(of: Fields, name: string): number {
  const value = of.get(name);
  if (value instanceof RpcDouble) return value.value;
  return typeof value === 'number' ? value : 0;
}

/** A duration that can be taken in at a glance: 45 s, 12 min, 3 h 20 min, 5 d 2 h. @param seconds 0 or more */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** A moment, by the clock on the wall; empty for never. @param seconds since 1970 */
export function moment(seconds: number): string {
  // The Swedish form of a date is that of ISO 8601.
  return seconds === 0 ? '' : new Date(seconds * 1000).toLocaleString('sv-SE');
}

type Style = 'green' | 'yellow' | 'red' | 'gray';

/** How the states look to who has to act: all is well, something is under way, it needs somebody, it is switched off. */
const STYLES: Readonly<Record<string, Style>> = {
  registered: 'green',
  refreshing: 'green',
  waiting: 'yellow',
  queued: 'yellow',
  registering: 'yellow',
  unregistering: 'yellow',
  retrying: 'red',
  rejected: 'red',
  faulty: 'red',
  disabled: 'gray',
  unregistered: 'gray',
  idle: 'gray',
};

/** The name of a state, coloured where the output takes colours. */
export function stateText(state: string, colour: boolean): string {
  const style = STYLES[state];
  return colour && style !== undefined ? styleText(style, state, { validateStream: false }) : state;
}

/** Status and reason; without a status the reason alone, which says why an account cannot work as it is. */
function answer(of: Fields): string {
  const code = number(of, 'last_code');
  return `${code === 0 ? '' : code} ${text(of, 'last_reason')}`.trim();
}

/** States in which a REGISTER is out: the last answer is then that of the attempt before. */
const OUTSTANDING: ReadonlySet<string> = new Set(['registering', 'refreshing', 'unregistering']);

/** {@link answer}, with a word on it when it is not that of the attempt under way. */
function earlierAnswer(of: Fields): string {
  const last = answer(of);
  return last !== '' && OUTSTANDING.has(text(of, 'state')) ? `${last} (of the attempt before this one)` : last;
}

const HEAD = ['ACCOUNT', 'REGISTERED AS', 'REGISTRAR', 'STATE', 'EXPIRES', 'NEXT', 'LAST ANSWER', 'FAILED', 'TOOK'];
/** Columns aligned at their right side. */
const RIGHT: ReadonlySet<string> = new Set(['EXPIRES', 'NEXT', 'FAILED', 'TOOK']);
/** Columns that give way on a narrow terminal, the first one first. */
const LESS_NEEDED = ['TOOK', 'REGISTERED AS', 'REGISTRAR', 'FAILED'];

/** Characters of a text in the table: one long auth_proxy must not widen it for all. `show` and --json have all of it. */
const LONGEST_CELL = 48;
/** What is left of a column that is cut to make all fit. */
const SHORTEST_CELL = 12;

function cut(cell: string): string {
  const characters = Array.from(cell);
  return characters.length > LONGEST_CELL ? `${characters.slice(0, LONGEST_CELL - 1).join('')}…` : cell;
}

/** Places that these columns take side by side. */
function together(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
}

/** Widths with one of them made smaller, so that all fit: not below `least`. */
function squeezed(widths: readonly number[], column: number, columns: number, least: number): number[] {
  const spare = Math.max(0, together(widths) - columns);
  return widths.map((width, i) => (i === column ? Math.max(Math.min(width, least), width - spare) : width));
}

/**
 * Accounts of `uac.reg_list` as a table.
 * @param columns width of the terminal. Columns that do not fit are left out, then the last answer and the account's name are cut
 */
export function accountTable(accounts: readonly Fields[], colour: boolean, columns: number): string {
  const rows = accountRows(accounts, colour);
  const natural = columnWidths(HEAD, rows);
  // A long name or reason is cut before whole columns are left out for it.
  const wanted = natural.map((width) => Math.min(width, LONGEST_CELL));
  let shown = [...HEAD.keys()];
  for (const spare of LESS_NEEDED) {
    if (together(shown.map((column) => wanted[column] ?? 0)) <= columns) break;
    shown = shown.filter((column) => HEAD[column] !== spare);
  }
  const right = shown.flatMap((column, i) => (RIGHT.has(HEAD[column] as string) ? [i] : []));
  const pick = (row: readonly string[]): string[] => shown.map((column) => row[column] ?? '');
  let widths = shown.map((column) => natural[column] ?? 0);
  for (const least of [LONGEST_CELL, SHORTEST_CELL])
    for (const column of ['LAST ANSWER', 'ACCOUNT'])
      widths = squeezed(widths, shown.indexOf(HEAD.indexOf(column)), columns, least);
  return aligned(pick(HEAD), rows.map(pick), right, widths);
}

function accountRows(accounts: readonly Fields[], colour: boolean): string[][] {
  return accounts.map((of) => {
    const online = number(of, 'online') === 1;
    const next = number(of, 'next_in');
    const failures = number(of, 'failures');
    const trip = number(of, 'round_trip_ms');
    return [
      text(of, 'l_uuid'),
      cut(text(of, 'aor')),
      cut(text(of, 'registrar')),
      stateText(text(of, 'state'), colour),
      online ? duration(number(of, 'expires_in')) : '-',
      next < 0 ? '-' : duration(next),
      answer(of),
      failures === 0 ? '' : `${failures}`,
      trip < 0 ? '' : `${trip} ms`,
    ];
  });
}

/** One line of totals from `uac.reg_status`. */
export function totalsLine(status: Fields, colour: boolean): string {
  const states = fields(status.get('states') ?? null);
  const parts = [...states.keys()]
    .filter((state) => number(states, state) > 0)
    .map((state) => `${number(states, state)} ${stateText(state, colour)}`);
  const paused = number(status, 'active') === 1 ? '' : '; paused (uac.reg_active 0)';
  const list = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return `${number(status, 'online')} of ${number(status, 'total')} accounts online${list}${paused}\n`;
}

/** How the database is doing; empty while all is well. */
export function databaseLine(status: Fields, now: number): string {
  const database = fields(status.get('database') ?? null);
  const name = text(database, 'name');
  const state = text(database, 'state');
  const code = text(database, 'code');
  if (name === '' || code === '') return '';
  const next = number(database, 'next_try');
  const again = next === 0 ? '' : `; tried again in ${duration(Math.max(0, next - now))}`;
  const said = text(database, 'text');
  // The database's own words begin with its URL, which the name ends with: once is enough.
  const url = `${name.replace(/^table \w+ of /, '')}: `;
  const what = said.startsWith(url) ? said.slice(url.length) : said;
  return `database ${name} is ${state}: ${what} [${code}]${again}\n`;
}

/** Fields of one account (`uac.reg_info`), in groups that answer a question each. */
export function accountDetails(of: Fields, now: number, colour: boolean): string {
  const rows: (readonly string[])[] = [];
  const add = (label: string, value: string): void => {
    if (value !== '' && value !== 'none') rows.push([label, value]);
  };
  const at = (name: string): string => {
    const seconds = number(of, name);
    if (seconds === 0) return '';
    // The server rounds: what has just been may seem to be a second away.
    const away = Math.max(0, name.startsWith('next_') ? seconds - now : now - seconds);
    return `${moment(seconds)} (${name.startsWith('next_') ? `in ${duration(away)}` : `${duration(away)} ago`})`;
  };
  add('account', text(of, 'l_uuid'));
  add('state', `${stateText(text(of, 'state'), colour)}${number(of, 'online') === 1 ? ', online' : ''}`);
  add('since', at('since'));
  add('last answer', earlierAnswer(of));
  add('last attempt', at('last_attempt'));
  add('last success', at('last_success'));
  add('next attempt', at('next_attempt'));
  add('failures in a row', number(of, 'failures') === 0 ? '' : text(of, 'failures'));
  const took = text(of, 'round_trip_ms');
  add('answer took', took === '' || took === '-1' ? '' : `${took} ms`);
  add('registered as', `sip:${text(of, 'r_username')}@${text(of, 'r_domain')}`);
  add('calls go to', `sip:${text(of, 'l_username')}@${text(of, 'l_domain')}`);
  add('next hop', text(of, 'auth_proxy'));
  add('registrar', text(of, 'registrar'));
  add('contact', contact(of));
  add('seen from outside as', text(of, 'public_address'));
  add('socket', text(of, 'socket'));
  add('service route', text(of, 'service_route'));
  add('user', text(of, 'auth_username'));
  add('realm', text(of, 'realm') || 'any');
  add(
    'secret',
    text(of, 'auth_ha1') === 'none' ? `password ${text(of, 'auth_password')}` : `HA1 ${text(of, 'auth_ha1')}`,
  );
  add('asked for', duration(number(of, 'expires')));
  add('granted', number(of, 'granted') === 0 ? '' : duration(number(of, 'granted')));
  return aligned([], rows);
}

function contact(of: Fields): string {
  const user = text(of, 'contact_user');
  const address = text(of, 'contact_addr');
  const uuid = text(of, 'l_uuid');
  return user === '' || user === 'none' ? `sip:${uuid}@${address}` : `sip:${user}@${address};line=${uuid}`;
}
