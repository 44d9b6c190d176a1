import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePosix, MAX_RUNTIME_PATTERN, RegexCache, RegexError } from '../../src/script/regex.ts';
import { parseReplacement, parseSed } from '../../src/script/sed.ts';

function matches(pattern: string, text: string, newline = false): boolean {
  return compilePosix(pattern, { ignoreCase: true, newline }).test(text);
}

test('POSIX patterns match as they do in Kamailio', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['a**', 'aaa', true],
    ['^a+?$', '', true],
    ['^(ab){2}{2}$', 'abababab', true],
    ['^(ab){2}{2}$', 'ababab', false],
    ['a||b', 'zzz', true],
    ['a)b', 'a)b', true],
    ['()', 'x', true],
    ['^a{,2}b', 'aab', true],
    ['[\\.]', '\\', true],
    ['[\\.]', 'x', false],
    ['\\w', 'a', true],
    ['\\s', 'x y', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\<foo\\>', 'a foo b', true],
    ['\\<foo\\>', 'afoo', false],
    ['^[[:digit:]]+$', '0123', true],
    ['^[[:alpha:]_-]+$', 'a_-B', true],
    ['[]a]', ']', true],
    ['[^]a]', ']', false],
    ['[a\\]]', 'a]', true],
    ['[a-]', '-', true],
    ['[[=a=]]', 'A', true],
    ['(a)\\1', 'aa', true],
    ['(a)\\1', 'ab', false],
    ['a\\{2\\}', 'a{2}', true],
    ['a\\/b', 'a/b', true],
    ['\\-\\"\\@', '-"@', true],
    ['^\\+?[0-9]{3,}$', '+123', true],
    ['^sip:[^@]+@example\\.com(;|$)', 'sip:a@EXAMPLE.com;x', true],
    ['a.b', 'a\nb', true],
    ['^b', 'a\nb', false],
    ['x{', 'x{', true],
  ];
  for (const [pattern, text, expected] of table)
    assert.equal(matches(pattern, text), expected, `${pattern} on ${text}`);
});

test('line by line, as search() does', () => {
  assert.equal(matches('^b$', 'a\nb\nc', true), true);
  assert.equal(matches('^From:.*bob', 'To: x\r\nFrom: y\r\nX: bob', true), false);
  assert.equal(matches('^x[^y]*z', 'x\nz', true), false);
  assert.equal(matches('b$', 'ab\r\n', true), false, 'a carriage return is a character');
});

test('bad patterns say what is wrong and where', () => {
  const problem = (pattern: string): string => {
    try {
      compilePosix(pattern, { ignoreCase: true, newline: false });
    } catch (error) {
      if (error instanceof RegexError) return `${error.offset}: ${error.message}`;
      throw error;
    }
    return '';
  };
  assert.equal(problem('*abc'), '0: nothing to repeat before "*"');
  assert.equal(problem('a|*b'), '2: nothing to repeat before "*"');
  assert.equal(problem('(*b)'), '1: nothing to repeat before "*"');
  assert.equal(problem('^*a'), '1: nothing to repeat before "*"');
  assert.equal(problem('(?:a)'), '1: "(?" is not a POSIX group');
  assert.equal(problem('[a-'), '0: unmatched [');
  assert.equal(problem('(a'), '2: unmatched (');
  assert.equal(problem('a\\'), '2: trailing backslash');
  assert.equal(problem('[[.hyphen.]]'), '1: unknown collating element "hyphen"');
  assert.equal(problem('[[:digits:]]'), '1: unknown character class [:digits:]');
  assert.equal(problem('[z-a]'), '1: range "z-a" runs backwards');
  assert.equal(problem('('.repeat(200)), '101: groups nested too deeply');
});

test('run-time patterns are kept, and too long ones refused', () => {
  const cache = new RegexCache(2);
  const options = { ignoreCase: true, newline: false };
  const first = cache.get('a', options);
  assert.equal(cache.get('a', options), first);
  cache.get('b', options);
  cache.get('a', options);
  cache.get('c', options);
  assert.equal(cache.get('a', options), first, 'the one used last stays');
  assert.throws(() => cache.get('x'.repeat(MAX_RUNTIME_PATTERN + 1), options), RegexError);
});

test('substitutions', () => {
  const base = { global: false, ignoreCase: false, newline: true };
  assert.deepEqual(parseSed('/a/b/'), { ...base, pattern: 'a', replacement: 'b' });
  assert.deepEqual(parseSed('#a/b#c#gis'), {
    pattern: 'a/b',
    replacement: 'c',
    global: true,
    ignoreCase: true,
    newline: false,
  });
  assert.deepEqual(parseSed('/a\\/b/\\1\\//'), { ...base, pattern: 'a/b', replacement: '\\1/' });
  assert.deepEqual(parseSed('|a\\|b|c|'), { ...base, pattern: 'a\\|b', replacement: 'c' });
  assert.throws(() => parseSed('/a/b'), /third "\/" missing/);
  assert.throws(() => parseSed(''), RegexError);
  assert.throws(() => parseSed('/a/b/x'), /unknown flag "x"/);
  assert.deepEqual(parseReplacement('<\\1\\n\\\\>'), [
    { kind: 'text', text: '<' },
    { kind: 'group', group: 1 },
    { kind: 'text', text: '\n\\>' },
  ]);
});

test('case is ignored without the flag that keeps the linear engine out', () => {
  const options = { ignoreCase: true, newline: false } as const;
  for (const [pattern, yes, no] of [
    ['^sip:Alice@', 'SIP:aLICE@x', 'sip:bob@'],
    ['^[a-f]+$', 'ABCdef', 'xyz'],
    ['^[^A-C]$', 'd', 'b'],
    ['^[[:upper:]]+$', 'abc', '123'],
    ['^[X-c]$', 'A', 'd'],
    ['^\\Q$', 'q', 'x'],
  ] as const) {
    const regex = compilePosix(pattern, options);
    assert.equal(regex.flags.includes('i'), false, pattern);
    assert.ok(regex.test(yes), `${pattern} ${yes}`);
    assert.ok(!regex.test(no), `${pattern} ${no}`);
  }
  assert.ok(compilePosix('(a)\\1', options).flags.includes('i'), 'a back reference needs the flag');
  assert.ok(compilePosix('(a)\\1', options).test('aA'));
});
