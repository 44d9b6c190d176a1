import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inspect } from 'node:util';
import { Account } from '../../../src/uac/registration/account.ts';
import type { AccountRow } from '../../../src/uac/registration/account-row.ts';
import { SharedTables } from '../../../src/uac/registration/next-hop-table.ts';
import { row } from './support.ts';

const FULL = row('u', {
  realm: 'realm',
  authPassword: 'pass-word',
  authHa1: '0123456789abcdef0123456789abcdef',
  flags: 1,
  delay: 7,
  contactAddr: '192.0.2.2:5062',
  contactUser: 'c',
  socket: 'udp:192.0.2.1:5060',
});

/** What an account says of every column. */
function columns(account: Account): Record<string, unknown> {
  return Object.fromEntries(Object.keys(FULL).map((key) => [key, account[key as keyof AccountRow]]));
}

/** Rows that differ from the full one in one column each. */
const NEIGHBOURS = Object.entries(FULL).map(([key, value]) =>
  row('u', { ...FULL, [key]: typeof value === 'number' ? value + 1 : `${value}0` }),
);

const terms = (account: Account): unknown => Reflect.get(account, 'terms');

it('has what its row says, whichever accounts came before', () => {
  const tables = new SharedTables();
  const rows = [FULL, ...NEIGHBOURS, FULL];
  const accounts = rows.map((one) => new Account(one, tables));
  for (const [i, account] of accounts.entries()) assert.deepEqual(columns(account), { ...rows[i] });
});

it('takes seconds and flags as whole numbers', () => {
  const tables = new SharedTables();
  for (const expires of [3600, 3600.5, -1, Number.NaN, 1e12]) {
    const account = new Account(row('u', { expires, delay: expires, flags: 16.5 }), tables);
    const seconds = Number.isNaN(expires) ? 0 : Math.min(Math.max(0, Math.trunc(expires)), 2 ** 31 - 1);
    assert.deepEqual([account.expires, account.delay, account.flags], [seconds, seconds, 16]);
  }
});

it('shows no secret in a dump', () => {
  const account = new Account(FULL, new SharedTables());
  const dump = inspect(account, { depth: 9, showHidden: true });
  assert.doesNotMatch(dump, /pass-word|0123456789abcdef/);
});

it('shares the terms of its carrier', () => {
  const tables = new SharedTables();
  const [first, other, second] = [row('a'), row('b', { realm: 'other' }), row('c')].map(
    (one) => new Account(one, tables),
  );
  assert.ok(first !== undefined && other !== undefined && second !== undefined);
  assert.equal(terms(first), terms(second));
  assert.notEqual(terms(first), terms(other));
  assert.equal(first.hop, other.hop);
});

it('has terms of its own where they are without number', () => {
  const tables = new SharedTables();
  for (let i = 0; i < 200; i++) assert.equal(new Account(row(`u${i}`, { delay: i }), tables).delay, i);
  const { hop } = new Account(row('u'), tables);
  assert.ok((Reflect.get(hop.terms, 'known') as unknown[]).length <= 32);
});
