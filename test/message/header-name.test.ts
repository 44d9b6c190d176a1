import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as names from '../../src/message/header-name.ts';
import { methodAt, methodId } from '../../src/message/method.ts';

test('every name has its id in any case, and its constant', () => {
  for (let id = 1; id < names.HEADER_NAMES.length; id++) {
    const name = names.HEADER_NAMES[id] as string;
    for (const text of [name, name.toLowerCase(), name.toUpperCase()]) assert.equal(names.headerId(text), id, text);
    const constant = `HDR_${name.toUpperCase().replaceAll('-', '_')}`;
    assert.equal((names as unknown as Record<string, number>)[constant], id, constant);
  }
});

test('compact forms', () => {
  const forms: [string, number][] = [
    ['v', names.HDR_VIA],
    ['F', names.HDR_FROM],
    ['t', names.HDR_TO],
    ['I', names.HDR_CALL_ID],
    ['m', names.HDR_CONTACT],
    ['L', names.HDR_CONTENT_LENGTH],
  ];
  for (const [letter, id] of forms) assert.equal(names.headerId(letter), id);
});

test('what only looks alike has no id', () => {
  for (const name of ['', 'Vi', 'Viaa', 'Call_ID', 'CallMID', '\xf6', '\xd6', 'C%6Fntact', 'Fro\x0d', 'X-Via', 'z']) {
    assert.equal(names.headerId(name), names.HDR_OTHER, JSON.stringify(name));
  }
});

test('methods are constants, case-sensitive', () => {
  assert.equal(methodAt('xINVITEx', 1, 7), 'INVITE');
  assert.equal(methodAt('invite', 0, 6), 'invite');
  assert.equal(methodId('invite'), 0);
  assert.equal(methodId('PUBLISH'), 8192);
});
