import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statelessBranch, statelessTag } from '../../src/proxy/branch-id.ts';
import { parse, request } from './support.ts';

test('the same request gives the same branch and tag, and so does its CANCEL the branch', () => {
  const invite = parse(request('INVITE'));
  assert.equal(statelessBranch(invite), statelessBranch(parse(request('INVITE'))));
  assert.equal(statelessBranch(invite), statelessBranch(parse(request('CANCEL'))));
  assert.equal(statelessTag('p', invite), statelessTag('p', parse(request('INVITE'))));
  assert.match(statelessBranch(invite), /^z9hG4bKs\.[\da-f]{16}$/);
});

test('a hundred thousand requests that differ a little have different branches', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i++) {
    const branch = `z9hG4bK${(i * 7919).toString(36)}`;
    const message = { topVia: { branch, host: '10.0.0.9', port: 5060 }, callId: 'call-1', cseq: { seq: 1 } };
    seen.add(statelessBranch(message as never));
  }
  assert.equal(seen.size, 100_000);
});
