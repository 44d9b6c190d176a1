/** Authorization headers that nobody has written before: the gate never throws, lets nobody in who has not proven it, and remembers nothing of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OUTCOMES } from '../../src/auth/outcome.ts';
import { expectedResponse } from '../scenario/digest-oracle.ts';
import { GateBench, REALM, register } from './gate-bench.ts';

const RUNS = 2000;
const NAMES = [
  'username',
  'username*',
  'realm',
  'nonce',
  'uri',
  'response',
  'algorithm',
  'cnonce',
  'qop',
  'nc',
  'opaque',
  'userhash',
  'x',
];

/** A REGISTER with a text in the place of its credentials. */
function withHeader(value: string): string {
  return register({ nonce: 'n' }).replace(/Authorization: [^\r]*/, () => `Authorization: ${value}`);
}

/** The credentials of a good answer, as they stand in it. */
function goodHeader(nonce: string): string {
  return /Authorization: ([^\r]*)/.exec(register({ nonce, qop: 'auth', algorithm: 'MD5' }))?.[1] ?? '';
}

/** What can stand in a header line, bytes as they come; most of it near to what is expected there. */
const bytes = fc.string({
  unit: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...'aA0="\\,; \t\'%<>@:/*') },
    { weight: 1, arbitrary: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) },
  ),
  maxLength: 40,
});

const cased = (name: string): fc.Arbitrary<string> =>
  fc
    .infiniteStream(fc.boolean())
    .map((upper) => [...name].map((c) => (upper.next().value ? c.toUpperCase() : c)).join(''));
const blank = fc.constantFrom('', ' ', '\t', '  ', '\r\n ');

describe('headers of random', () => {
  test('parameters', () => {
    const bench = new GateBench();
    const parameter = fc
      .tuple(fc.constantFrom(...NAMES).chain(cased), blank, blank, fc.boolean(), bytes)
      .map(([name, before, after, quoted, value]) => `${name}${before}=${after}${quoted ? `"${value}"` : value}`);
    const own = fc.constantFrom(
      `realm="${REALM}"`,
      'username="alice"',
      'qop=auth',
      'algorithm=MD5',
      'nc=00000001',
      'uri="sip:x"',
      'response="0"',
    );
    const header = fc
      .tuple(
        fc.constantFrom('Digest ', 'digest\t', 'Digest,', 'Digest', 'Basic '),
        fc.array(fc.oneof(parameter, own), { maxLength: 14 }),
      )
      .map(([scheme, list]) => scheme + list.join(', '));
    fc.assert(
      fc.property(header, (value) => {
        const { outcome } = bench.verdict(withHeader(value));
        assert.ok(OUTCOMES.includes(outcome) && outcome !== 'ok' && outcome !== 'exempt', outcome);
      }),
      { numRuns: RUNS },
    );
    assert.equal(bench.uses.size, 0);
  });

  test('bytes', () => {
    const bench = new GateBench();
    fc.assert(
      fc.property(fc.constantFrom('', 'Digest ', `Digest realm="${REALM}",`), bytes, bytes, (scheme, a, b) => {
        assert.notEqual(bench.verdict(withHeader(`${scheme}${a}${b}`)).outcome, 'ok');
      }),
      { numRuns: RUNS },
    );
  });
});

test('a good answer with bytes changed, put in or taken out passes only for what it proves', () => {
  const bench = new GateBench();
  const edit = fc.record({
    at: fc.nat(400),
    remove: fc.nat(3),
    insert: fc.oneof(
      fc.constant(''),
      bytes.map((text) => text.slice(0, 3)),
    ),
  });
  let passed = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const nonce = bench.nonce();
      let value = goodHeader(nonce);
      for (const { at, remove, insert } of edits) {
        const place = at % value.length;
        value = value.slice(0, place) + insert + value.slice(place + remove);
      }
      const size = bench.uses.size;
      const { outcome, credentials } = bench.verdict(withHeader(value));
      if (outcome !== 'ok') {
        assert.equal(bench.uses.size, size, `${outcome} of ${value} used the nonce up`);
        return;
      }
      passed++;
      assert.ok(credentials !== null);
      const { username, realm, uri, qop, nc, cnonce, response, algorithm } = credentials;
      assert.deepEqual([username, realm.toLowerCase(), credentials.nonce], ['alice', REALM, nonce], value);
      // Whatever letter case the realm has in it, the one that was asked for is hashed.
      const proven = new Map(Object.entries({ username, realm: REALM, nonce, uri, qop, nc, cnonce, algorithm }));
      assert.equal(response.toLowerCase(), expectedResponse(proven, 'secret', 'REGISTER', ''), value);
    }),
    { numRuns: RUNS },
  );
  assert.ok(passed > 0, 'some changes change nothing');
});

test('order, letter case, blanks, folding and quotes are as the sender likes, and more parameters do no harm', () => {
  const bench = new GateBench();
  const style = fc.record({
    before: blank,
    after: blank,
    comma: blank,
    names: fc.infiniteStream(fc.boolean()),
    quote: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.double(), { minLength: 9, maxLength: 9 }), style, fc.boolean(), (order, look, extra) => {
      const parameters = [...goodHeader(bench.nonce()).matchAll(/(\w+)=("[^"]*"|[^,\s]+)/g)].map(
        ([, name = '', value = '']) => {
          const text = [...name].map((c) => (look.names.next().value ? c.toUpperCase() : c)).join('');
          const written = look.quote && !value.startsWith('"') ? `"${value}"` : value;
          return `${text}${look.before}=${look.after}${written}`;
        },
      );
      if (extra) parameters.push('x-more="a, b=\\"c\\""', 'opaque=""');
      const sorted = parameters.map((text, at) => ({ text, key: order[at] ?? 0 })).sort((a, b) => a.key - b.key);
      const value = `Digest ${sorted.map(({ text }) => text).join(`${look.comma},${look.comma}`)}`;
      assert.equal(bench.verdict(withHeader(value)).outcome, 'ok', value);
    }),
    { numRuns: 500 },
  );
});
