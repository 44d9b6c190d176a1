import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EditList } from '../../src/message/edits.ts';
import { textops } from '../../src/modules/textops.ts';
import { Branch } from '../../src/proxy/branch.ts';
import { ROUTE_BRANCH, ROUTE_CORE_ONREPLY, type Value } from '../../src/script/values.ts';
import {
  cell,
  context,
  forwarded,
  forwardedBody,
  forwardedHeaders,
  load,
  parsed,
  replyContext,
  request,
  SDP,
  sed,
  testHost,
} from './support.ts';

const host = testHost();
const module = load(textops, host);
/** What the compiler makes of a regex argument: line-wise and case-insensitive. */
const re = (source: string): RegExp => new RegExp(source, 'im');

function call(ctx: ReturnType<typeof context>, name: string, ...args: unknown[]): number {
  return module.call(ctx, name, ...args) as number;
}

describe('methods', () => {
  test('is_method', () => {
    const ctx = context(host);
    for (const list of ['INVITE', 'invite', 'INVITE|ACK', 'ACK | INVITE'])
      assert.equal(call(ctx, 'is_method', list), 1, list);
    for (const list of ['BYE', 'FOO', 'ACK|BYE', '']) assert.equal(call(ctx, 'is_method', list), -1, list);
    const other = context(host, request({ method: 'FOO' }));
    assert.equal(call(other, 'is_method', 'FOO'), 1);
    assert.equal(call(other, 'is_method', 'BYE|foo'), 1);
    assert.equal(call(other, 'is_method', 'INVITE'), -1);
  });

  test('a reply has the method of its CSeq', () => {
    const reply = parsed(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n\r\n',
    );
    assert.equal(call(replyContext(host, reply, ROUTE_CORE_ONREPLY, new EditList()), 'is_method', 'BYE'), 1);
  });
});

describe('headers', () => {
  test('append_hf and insert_hf find their places', () => {
    const ctx = context(host, request({ headers: 'X-A: 1\r\n', body: '' }));
    const steps: [string, ...string[]][] = [
      ['append_hf', 'A: 1'],
      ['append_hf', 'B: 2\r\n', 'Via'],
      ['append_hf', 'C: 3\r\n', 'Nope'],
      ['insert_hf', 'D: 4\r\n'],
      ['insert_hf', 'E: 5\r\n', 'To'],
      ['insert_hf', 'F: 6\n', 'Nope'],
      ['append_hf', 'G: 7\r\n', 'm'],
    ];
    for (const [name, ...args] of steps) assert.equal(call(ctx, name, ...args), 1);
    assert.deepEqual(
      forwardedHeaders(ctx).map((line) => line.split(':')[0]),
      [
        'D',
        'F',
        'Via',
        'B',
        'From',
        'E',
        'To',
        'Call-ID',
        'CSeq',
        'Max-Forwards',
        'Contact',
        'G',
        'X-A',
        'Content-Length',
        'A',
        'C',
      ],
    );
  });

  test('two headers in one text and folded lines are fine', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'append_hf', 'A: 1\r\nB: 2\r\n'), 1);
    assert.equal(call(ctx, 'append_hf', 'C: 1\r\n 2\r\n'), 1);
    assert.match(forwarded(ctx), /\r\nA: 1\r\nB: 2\r\nC: 1\r\n 2\r\n\r\n/);
  });

  test('text from a variable cannot end the headers', () => {
    for (const value of ['x\r\n\r\nbody', 'x\n\nbody', 'x\r\n \r\nbody', 'x\rY: 1', '\r\n', 'a\r\nno header\r\n']) {
      for (const name of ['append_hf', 'insert_hf', 'append_to_reply']) {
        const ctx = context(host);
        assert.equal(call(ctx, name, `X: ${value}\r\n`), -1, JSON.stringify(value));
        assert.equal(host.log.codes.at(-1), 'TEXTOPS_BAD_HEADER');
        assert.equal(ctx.edits.isEmpty, true);
        assert.equal(ctx.state.replyHeaders, '');
      }
    }
    for (const text of ['', '\r\n', ' folded: x', 'no colon', ': x'])
      assert.equal(call(context(host), 'append_hf', text), -1);
  });

  test('remove_hf and its relatives', () => {
    const message = request({ headers: 'X-A: one\r\nX-B: 2\r\nX-A: two\r\nX-A: three\r\n', body: '' });
    const after = (name: string, ...args: unknown[]): [number, string[]] => {
      const ctx = context(host, message);
      const code = call(ctx, name, ...args);
      return [code, forwardedHeaders(ctx).filter((line) => /^X-|^Contact/.test(line))];
    };
    const contact = 'Contact: <sip:alice@10.0.0.1:5062;ob>';
    const [a1, b, a2, a3] = ['X-A: one', 'X-B: 2', 'X-A: two', 'X-A: three'];
    const all = [contact, a1, b, a2, a3];
    assert.deepEqual(after('remove_hf', 'm'), [1, [a1, b, a2, a3]]);
    assert.deepEqual(after('remove_hf', 'Nope'), [-1, all]);
    assert.deepEqual(after('remove_hf_pv', 'x-a'), [1, [contact, b]]);
    assert.deepEqual(after('remove_hf_pv', '<null>'), [-1, all]);
    assert.deepEqual(after('remove_hf_re', re('^x-')), [1, [contact]]);
    assert.deepEqual(after('remove_hf_re_pv', re('zz')), [-1, all]);
    assert.deepEqual(after('remove_hf_exp', re('^X-'), re('B$')), [1, [contact, b]]);
    assert.deepEqual(after('remove_hf_exp_pv', re('^X-'), re('X')), [-1, all]);
    assert.deepEqual(after('remove_hf_idx', 'X-A', 0), [1, [contact, b, a2, a3]]);
    assert.deepEqual(after('remove_hf_idx', 'X-A', -1), [1, [contact, a1, b, a2]]);
    assert.deepEqual(after('remove_hf_idx', 'X-A', 7), [2, all]);
    assert.deepEqual(after('remove_hf_idx', 'X-A', -7), [1, all]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 'eq', 'one'), [1, [contact, b, a2, a3]]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 'ne', 'three'), [1, [contact, b, a3]]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 'in', 'wo'), [1, [contact, a1, b, a3]]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 're', '^T'), [1, [contact, a1, b]]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 'in', 'zz'), [-2, all]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 'zz', 'zz'), [-1, all]);
    assert.deepEqual(after('remove_hf_match', 'X-A', 're', '['), [-1, all]);
  });

  test('removing twice, and adding around what was removed', () => {
    const ctx = context(host, request({ body: '' }));
    assert.equal(call(ctx, 'remove_hf', 'Contact'), 1);
    assert.equal(call(ctx, 'remove_hf', 'Contact'), 1);
    assert.equal(call(ctx, 'append_hf', 'G: 1\r\n', 'Contact'), 1);
    assert.equal(call(ctx, 'insert_hf', 'H: 1\r\n', 'Contact'), 1);
    assert.equal(call(ctx, 'is_present_hf', 'Contact'), 1);
    assert.deepEqual(forwardedHeaders(ctx).slice(-3), ['H: 1', 'G: 1', 'Content-Length: 0']);
  });

  test('is_present_hf and is_privacy', () => {
    const ctx = context(host, request({ headers: 'Privacy: id;user\r\n' }));
    assert.equal(call(ctx, 'is_present_hf', 'Contact'), 1);
    assert.equal(call(ctx, 'is_present_hf', 'm'), 1);
    assert.equal(call(ctx, 'is_present_hf_pv', 'nope'), -1);
    assert.equal(call(ctx, 'is_present_hf_pv', '<null>'), -1);
    assert.equal(call(ctx, 'is_present_hf_re', re('^priv')), 1);
    assert.equal(call(ctx, 'is_present_hf_re_pv', re('^zz')), -1);
    assert.equal(call(ctx, 'is_privacy', 'ID'), 1);
    assert.equal(call(ctx, 'is_privacy', 'user'), 1);
    assert.equal(call(ctx, 'is_privacy', 'header'), -1);
  });

  test('append_urihf, append_to_reply and dates', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'append_urihf', 'CC-Diversion: ', '\r\n'), 1);
    assert.equal(call(ctx, 'append_time_to_request'), 1);
    assert.deepEqual(forwardedHeaders(ctx).slice(-2), [
      'CC-Diversion: sip:bob@example.com:5070;transport=udp',
      'Date: Tue, 01 Jan 2030 00:00:00 GMT',
    ]);
    assert.equal(call(ctx, 'append_to_reply', 'Foo: bar'), 1);
    assert.equal(call(ctx, 'append_time'), 1);
    assert.equal(ctx.state.replyHeaders, 'Foo: bar\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n');
  });

  test('via_param_rm', () => {
    const ctx = context(host, request({ headers: 'Via: SIP/2.0/UDP b;rport=1;branch=z9hG4bKb;x="y z"\r\n' }));
    assert.equal(call(ctx, 'via_param_rm', 'rport', 0), 1);
    assert.equal(call(ctx, 'via_param_rm', 'X', -1), 1);
    assert.equal(call(ctx, 'via_param_rm', 'nope', 1), -1);
    assert.equal(call(ctx, 'via_param_rm', 'branch', 5), -1);
    assert.deepEqual(
      forwardedHeaders(ctx).filter((line) => line.startsWith('Via')),
      ['Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKabc', 'Via: SIP/2.0/UDP b;rport=1;branch=z9hG4bKb'],
    );
  });
});

describe('search and replace', () => {
  test('search', () => {
    const ctx = context(host, request({ headers: 'X-A: one\r\nX-A: two\r\n' }));
    assert.equal(call(ctx, 'search', re('invite')), 1);
    assert.equal(call(ctx, 'search', re('^from')), 1);
    assert.equal(call(ctx, 'search', re('zz')), -1);
    assert.equal(call(ctx, 'search_body', re('^M=')), 1);
    assert.equal(call(ctx, 'search_body', re('Call-ID')), -1);
    assert.equal(call(ctx, 'search_hf', 'X-A', re('two'), 'l'), 1);
    assert.equal(call(ctx, 'search_hf', 'X-A', re('two'), 'f'), -1);
    assert.equal(call(ctx, 'search_hf', 'x-a', re('two'), 'a'), 1);
    assert.equal(call(ctx, 'search_hf', 'Nope', re('.'), 'a'), -1);
    assert.equal(call(ctx, 'search_hf', 'X-A', re('.'), 'z'), -1);
    assert.equal(call(ctx, 'search_str', 'abc', re('B')), 1);
    assert.equal(call(ctx, 'search_str', 'abc', re('z')), -1);
  });

  test('replace in headers and body', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'replace', re('alice'), 'carol'), 1);
    assert.equal(call(ctx, 'replace', re('zz'), 'carol'), -1);
    assert.equal(call(ctx, 'replace_body', re('a='), 'A='), 1);
    assert.equal(call(ctx, 'replace_body', re('zz'), 'A='), -1);
    assert.equal(call(ctx, 'replace_all', re('example'), 'EX'), 1);
    assert.equal(call(ctx, 'replace_hdrs', re('Call-ID: c1'), 'Call-ID: c2'), 1);
    const text = forwarded(ctx);
    assert.match(text, /From: "Al" <sip:carol@ex\.com>/);
    assert.match(text, /To: <sip:bob@EX\.com>/);
    assert.match(text, /Call-ID: c2@h/);
    assert.match(text, /Contact: <sip:alice@/);
    assert.match(text, /A=sendrecv/);
    assert.match(text, /^INVITE sip:bob@example\.com/);
  });

  test('replace_body_all, _atonce and a Content-Length that follows', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'replace_body_all', re('^[amc]='), 'Zzz='), 1);
    assert.equal(call(ctx, 'replace_body_all', re('^[amc]='), 'Zzz='), -1);
    assert.equal(forwardedBody(ctx).match(/^Zzz=/gm)?.length, 3);
    assert.ok(forwardedHeaders(ctx).includes(`Content-Length: ${SDP.length + 6}`));
    assert.equal(call(ctx, 'replace_body_atonce', '^.+$', ''), 1);
    assert.equal(forwardedBody(ctx), '');
    assert.ok(forwardedHeaders(ctx).includes('Content-Length: 0'));
    assert.equal(call(ctx, 'replace_body_atonce', '[', ''), -1);
  });

  test('plain text replacement is true even when it finds nothing', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'replace_str', 'example', 'EE', 'a'), 1);
    assert.equal(call(ctx, 'replace_str', 'zz', 'EE', 'a'), 1);
    assert.equal(call(ctx, 'replace_body_str', 'IP4', 'IP6', 'f'), 1);
    assert.equal(call(ctx, 'replace_hdrs_str', '<sip:', '<sips:', 'f'), 1);
    assert.equal(call(ctx, 'replace_str', 'a', 'b', 'x'), -1);
    const text = forwarded(ctx);
    assert.match(text, /From: "Al" <sips:alice/);
    assert.match(text, /To: <sip:bob@EE\.com>/);
    assert.match(text, /o=al 1 1 IN IP6 .*\r\n.*\r\nc=IN IP4/);
  });

  test('search_append', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'search_append', re('alice'), 'XX'), 1);
    assert.equal(call(ctx, 'search_append', re('zz'), 'XX'), -1);
    assert.equal(call(ctx, 'search_append_body', re('a=send'), 'XX'), 1);
    assert.match(forwarded(ctx), /<sip:aliceXX@ex\.com>[\s\S]*a=sendXXrecv/);
  });

  test('a replacement cannot break the header lines', () => {
    for (const [name, ...args] of [
      ['replace', re('alice'), 'x\r\n\r\nevil'],
      ['replace_all', re('\r\n'), ''],
      ['replace_hdrs_str', 'Contact', '', 'f'],
      ['search_append', re('ex\\.com'), '\r\nnonsense'],
      ['subst', sed(/^To:/m, 'nonsense ')],
      ['subst_hf', 'From', sed(/Al/, 'a\r\n\r\nb'), 'a'],
    ] as const) {
      const ctx = context(host);
      assert.equal(call(ctx, name, ...args), -1, name);
      assert.equal(host.log.codes.at(-1), 'TEXTOPS_BAD_HEADER', name);
      assert.equal(ctx.edits.isEmpty, true);
    }
    const ctx = context(host);
    // Whole lines may go, and header lines may come.
    assert.equal(call(ctx, 'subst', sed(/^Contact:.*\r\n/m, '')), 1);
    assert.equal(call(ctx, 'replace', re('tag=f1'), 'tag=f1\nX-New: 1'), 1);
    assert.deepEqual(forwardedHeaders(ctx).slice(1, 4), [
      'From: "Al" <sip:alice@ex.com>;tag=f1',
      'X-New: 1',
      'To: <sip:bob@example.com>',
    ]);
  });

  test('subst with groups, in header and body', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'subst', sed(/^To:(.*)bob@(.*)$/im, 't:\\1rob@\\2')), 1);
    assert.equal(call(ctx, 'subst', sed(/nomatch/, 'x')), -1);
    assert.equal(call(ctx, 'subst_body', sed(/a=/, 'b=')), 1);
    assert.equal(call(ctx, 'subst_body', sed(/0/g, '9')), 1);
    assert.equal(call(ctx, 'subst_body', sed(/qq/, 'b')), -1);
    const text = forwarded(ctx);
    assert.match(text, /\r\nt: <sip:rob@example\.com>\r\n/);
    assert.match(text, /v=9\r\n[\s\S]*4999[\s\S]*b=sendrecv/);
  });

  test('subst_hf takes all, first or last', () => {
    const headers = 'X-A: one\r\nX-A: none\r\nX-A: gone\r\n';
    const after = (mode: string): string[] => {
      const ctx = context(host, request({ headers }));
      assert.equal(call(ctx, 'subst_hf', 'X-A', sed(/ne$/, 'NE'), mode), 1);
      return forwardedHeaders(ctx).filter((line) => line.startsWith('X-A'));
    };
    assert.deepEqual(after('a'), ['X-A: oNE', 'X-A: noNE', 'X-A: goNE']);
    assert.deepEqual(after('f'), ['X-A: oNE', 'X-A: none', 'X-A: gone']);
    assert.deepEqual(after('l'), ['X-A: one', 'X-A: none', 'X-A: goNE']);
    assert.equal(call(context(host), 'subst_hf', 'Nope', sed(/x/, 'y'), 'a'), -1);
    assert.equal(call(context(host), 'subst_hf', 'From', sed(/zz/, 'y'), 'a'), -1);
  });

  test('a later edit of the same text stands', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'subst_hf', 'From', sed(/alice/, 'mary'), 'a'), 1);
    assert.equal(call(ctx, 'subst_hf', 'From', sed(/alice/, 'zoe'), 'a'), 1);
    assert.match(forwarded(ctx), /<sip:zoe@ex\.com>/);
  });

  test('subst_uri and subst_user act on the Request-URI at once', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'subst_uri', sed(/^sip:bob@([^;]*)(.*)$/i, 'sip:3463@\\1;orig=\\1')), 1);
    assert.equal(ctx.target.uri, 'sip:3463@example.com:5070;orig=example.com:5070');
    assert.equal(call(ctx, 'subst_uri', sed(/zz/, 'y')), -1);
    assert.equal(call(ctx, 'subst_user', sed(/^(\d\d)(\d\d)$/, '+\\2\\1')), 1);
    assert.equal(ctx.target.uri, 'sip:+6334@example.com:5070;orig=example.com:5070');
    assert.equal(call(ctx, 'subst_user', sed(/zz/, 'y')), -1);
    assert.equal(call(ctx, 'subst_user', sed(/^.*$/, '')), 1);
    assert.equal(ctx.target.uri, 'sip:example.com:5070;orig=example.com:5070');
    for (const bad of ['', 'sip:a b', 'sip:a\r\nX: y']) assert.equal(call(ctx, 'subst_uri', sed(/^.*$/, bad)), -1);
  });

  test('subst_v', () => {
    const ctx = context(host);
    const variable = cell(new Map<string, Value>(), '$var(x)');
    assert.equal(call(ctx, 'subst_v', 'abcabc', sed(/b/g, 'X'), variable), 1);
    assert.equal(variable.get(ctx), 'aXcaXc');
    assert.equal(call(ctx, 'subst_v', 'abc', sed(/z/, 'X'), variable), -1);
  });
});

describe('strings', () => {
  const codes: [number, string, ...string[]][] = [
    [1, 'cmp_str', 'a', 'a'],
    [-1, 'cmp_str', 'a', 'A'],
    [-2, 'cmp_str', 'A', 'a'],
    [1, 'cmp_str', '', ''],
    [1, 'cmp_istr', 'a', 'A'],
    [-2, 'cmp_istr', 'a', 'B'],
    [1, 'starts_with', 'abc', 'ab'],
    [-2, 'starts_with', 'abc', 'b'],
    [-1, 'starts_with', 'abc', 'abcd'],
    [1, 'starts_with', 'abc', ''],
    [1, 'ends_with', 'abc', 'bc'],
    [-1, 'ends_with', 'abc', 'b'],
    [2, 'str_find', 'abc', 'b'],
    [-1, 'str_find', 'abc', 'B'],
    [4, 'str_find', 'abc', ''],
    [2, 'str_ifind', 'abc', 'B'],
    [-1, 'str_ifind', 'abc', 'z'],
    [1, 'str_any_in', 'abc', 'xyc'],
    [-1, 'str_any_in', 'abc', 'xyz'],
    [1, 'str_all_in', '0123', '0123456789'],
    [-1, 'str_all_in', '01a', '0123456789'],
    [1, 'in_list', 'fi', 'dk,fi,no', ','],
    [1, 'in_list', 'fi', 'dk, fi ,no', ','],
    [-1, 'in_list', 'xx', 'dk, fi ,no', ','],
    [-1, 'in_list', '', 'dk,,no', ','],
    [-1, 'in_list', 'dk', 'dk', '::'],
    [1, 'in_list_prefix', 'final', 'dk, fi ,no', ','],
    [-1, 'in_list_prefix', 'f', 'fi', ','],
    [-1, 'in_list_prefix', 'x', 'a,,b', ','],
  ];
  test('codes', () => {
    const ctx = context(host);
    for (const [code, name, ...args] of codes) assert.equal(call(ctx, name, ...args), code, `${name}(${args.join()})`);
  });

  test('regex_substring', () => {
    const ctx = context(host);
    const variable = cell(new Map<string, Value>(), '$var(s)');
    assert.equal(call(ctx, 'regex_substring', '_ abc123def', '([a-z]*)([0-9]+)([a-z]*)', 2, 4, variable), 1);
    assert.equal(variable.get(ctx), '123');
    assert.equal(call(ctx, 'regex_substring', 'abc', 'z', 0, 1, variable), -2);
    assert.equal(call(ctx, 'regex_substring', 'abc', '(b)', 5, 10, variable), -1);
    assert.equal(call(ctx, 'regex_substring', 'abc', '(b)', 1, 1, variable), -1);
    assert.equal(call(ctx, 'regex_substring', 'abc', '[', 0, 1, variable), -1);
  });
});

describe('body', () => {
  const parts =
    '--bb\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--bb\r\nContent-Type: text/plain; x=1\r\nX-Y: 1\r\n\r\nhello\r\n--bb--\r\n';
  const multipart = (): ReturnType<typeof request> =>
    request({ body: parts, contentType: 'multipart/mixed;boundary="bb"' });

  test('has_body', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'has_body'), 1);
    assert.equal(call(ctx, 'has_body', 'application/sdp'), 1);
    assert.equal(call(ctx, 'has_body', 'text/plain'), -1);
    assert.equal(call(context(host, request({ body: '' })), 'has_body'), -1);
    assert.equal(call(context(host, multipart()), 'has_body', 'multipart/mixed'), 1);
  });

  test('set_body replaces body, type and length', () => {
    for (const message of [request(), request({ body: '' })]) {
      const ctx = context(host, message);
      assert.equal(call(ctx, 'set_body', 'hello\r\n', 'text/plain'), 1);
      assert.equal(forwardedBody(ctx), 'hello\r\n');
      assert.deepEqual(
        forwardedHeaders(ctx).filter((line) => /^content-/i.test(line)),
        ['Content-Length: 7', 'Content-Type: text/plain'],
      );
    }
    const ctx = context(host);
    assert.equal(call(ctx, 'set_body', '', 'text/plain'), -1);
    assert.equal(call(ctx, 'set_body', 'x', ''), -1);
    assert.equal(call(ctx, 'set_body', 'x', 'a/b\r\n\r\nevil'), -1);
    assert.equal(ctx.edits.isEmpty, true);
    assert.equal(call(ctx, 'set_body_hex', '68 69', 'text/plain'), 1);
    assert.equal(forwardedBody(ctx), 'hi');
    assert.equal(call(ctx, 'set_body_hex', '6', 'text/plain'), -1);
  });

  test('a branch replaces what the request set', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'set_body', 'for all', 'text/plain'), 1);
    const branch = new Branch(0, ctx.target.clone(), 0);
    ctx.routeType = ROUTE_BRANCH;
    ctx.branch = branch;
    ctx.edits = branch.edits;
    assert.equal(call(ctx, 'subst_body', sed(/all/, 'one')), 1);
    assert.equal(forwardedBody(ctx), 'for one');
    assert.equal(call(ctx, 'set_body', 'own', 'text/x'), 1);
    assert.equal(forwardedBody(ctx), 'own');
    assert.deepEqual(
      forwardedHeaders(ctx).filter((line) => line.startsWith('Content-Type')),
      ['Content-Type: text/x'],
    );
  });

  test('set_reply_body', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'set_reply_body', 'hello', 'text/x'), 1);
    assert.deepEqual([ctx.state.replyBody, ctx.state.replyContentType], ['hello', 'text/x']);
    assert.equal(call(ctx, 'set_reply_body_hex', '6869', 'text/y'), 1);
    assert.equal(ctx.state.replyBody, 'hi');
    assert.equal(call(ctx, 'set_reply_body', '', 'text/x'), -1);
    assert.equal(call(ctx, 'set_reply_body', 'x', 'a\r\nb'), -1);
  });

  test('parts are read, removed and left over', () => {
    const ctx = context(host, multipart());
    const variable = cell(new Map<string, Value>(), '$var(p)');
    assert.equal(call(ctx, 'get_body_part', 'text/plain', variable), 1);
    assert.equal(variable.get(ctx), 'hello\r\n');
    assert.equal(call(ctx, 'get_body_part_raw', 'application/sdp', variable), 1);
    assert.equal(variable.get(ctx), '--bb\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n');
    assert.equal(call(ctx, 'get_body_part', 'text/nope', variable), -1);
    assert.equal(call(ctx, 'remove_body_part', 'text/nope'), -1);
    assert.equal(call(ctx, 'remove_body_part', 'text/plain'), 1);
    assert.equal(forwardedBody(ctx), '--bb\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--bb--\r\n');
    const other = context(host, multipart());
    assert.equal(call(other, 'filter_body', 'application/zz'), -1);
    assert.equal(call(other, 'filter_body', 'application/sdp'), 1);
    assert.equal(forwardedBody(other), 'v=0');
  });

  test('parts are added', () => {
    const ctx = context(host, multipart());
    assert.equal(call(ctx, 'append_body_part', 'xx', 'text/z'), 1);
    assert.ok(forwardedBody(ctx).endsWith('hello\r\n--bb\r\nContent-Type: text/z\r\n\r\nxx\r\n--bb--\r\n'));
    assert.equal(call(ctx, 'append_body_part', 'x', 'a\r\n\r\nb'), -1);
    assert.equal(call(ctx, 'append_body_part_hex', 'zz', 'text/z'), -1);
    const plain = context(host);
    assert.equal(call(plain, 'append_body_part', 'xx', 'text/z'), -1);
    assert.equal(call(plain, 'remove_body_part', 'text/z'), -1);
    assert.equal(call(plain, 'filter_body', 'text/z'), -1);
    const variable = cell(new Map<string, Value>(), '$var(p)');
    assert.equal(call(plain, 'get_body_part', 'application/sdp', variable), 1);
    assert.equal(variable.get(plain), SDP);
  });

  test('set_body_multipart with parts behind it needs no msg_apply_changes', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'set_body_multipart', 'test', 'text/plain', 'delim'), 1);
    assert.equal(call(ctx, 'append_body_part', 'part2', 'text/x', 'signal;handling=required'), 1);
    assert.equal(call(ctx, 'append_body_part_hex', '6b 61 6d', 'application/my'), 1);
    assert.equal(
      forwardedBody(ctx),
      '--delim\r\nContent-Type: text/plain\r\n\r\ntest\r\n' +
        '--delim\r\nContent-Type: text/x\r\nContent-Disposition: signal;handling=required\r\n\r\npart2\r\n' +
        '--delim\r\nContent-Type: application/my\r\n\r\nkam\r\n--delim--\r\n',
    );
    assert.deepEqual(forwardedHeaders(ctx).slice(-2), [
      'Content-Type: multipart/mixed;boundary="delim"',
      'Mime-Version: 1.0',
    ]);
    const converted = context(host);
    assert.equal(call(converted, 'set_body_multipart'), 1);
    assert.equal(
      forwardedBody(converted),
      `--unique-boundary-1\r\nContent-Type: application/sdp\r\n\r\n${SDP}\r\n--unique-boundary-1--\r\n`,
    );
    assert.equal(call(converted, 'set_body_multipart', 'bad"boundary'), -1);
    assert.equal(call(context(host, request({ body: '' })), 'set_body_multipart'), -1);
  });

  test('is_audio_on_hold', () => {
    const hold = (body: string): number => call(context(host, request({ body })), 'is_audio_on_hold');
    assert.equal(hold(SDP), -1);
    assert.equal(hold(''), -1);
    assert.equal(hold(SDP.replace('c=IN IP4 10.0.0.1', 'c=IN IP4 0.0.0.0')), 1);
    assert.equal(hold(SDP.replace('sendrecv', 'sendonly')), 2);
    assert.equal(hold(SDP.replace('a=sendrecv\r\n', '').replace('t=0 0', 't=0 0\r\na=inactive')), 2);
    assert.equal(hold(SDP.replace('audio', 'video').replace('sendrecv', 'inactive')), -1);
  });
});
