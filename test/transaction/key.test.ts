import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyText, isUniqueBranch, serverKey } from '../../src/transaction/key.ts';
import { DEFAULT_TIMERS } from '../../src/transaction/transaction.ts';
import { destination, type RequestParts, received, request, responseText, type World, world } from './fixtures.ts';

function key(parts: RequestParts): string {
  const message = request(parts);
  return serverKey(message, message.method);
}

describe('matching by branch (RFC 3261 §17.2.3)', () => {
  it('knows a unique branch', () => {
    assert.equal(isUniqueBranch('z9hG4bKx'), true);
    assert.equal(isUniqueBranch('Z9HG4BKx'), true);
    assert.equal(isUniqueBranch('z9hG4bK'), false);
    assert.equal(isUniqueBranch('0'), false);
    assert.equal(isUniqueBranch(''), false);
    assert.equal(isUniqueBranch('abcdefghijk'), false);
  });

  it('compares branch, sent-by and method, nothing else', () => {
    const base = key({});
    assert.equal(key({ ruri: 'sip:other@example.org', callId: 'x', fromTag: 'y', toTag: 'z', cseq: 9 }), base);
    assert.notEqual(key({ branch: 'z9hG4bKabc.2' }), base);
    assert.notEqual(key({ method: 'OPTIONS' }), base);
    assert.notEqual(key({ via: 'SIP/2.0/UDP other.example.com:5060;branch=z9hG4bKabc.1' }), base);
    assert.notEqual(key({ via: 'SIP/2.0/UDP client.example.com:5070;branch=z9hG4bKabc.1' }), base);
  });

  it('reads sent-by as RFC 3261 §20.42 does: host without case, default port', () => {
    const via = (sentBy: string, proto = 'UDP'): string =>
      key({ via: `SIP/2.0/${proto} ${sentBy};rport;branch=z9hG4bKabc.1` });
    assert.equal(via('Client.Example.COM'), via('client.example.com:5060'));
    assert.equal(via('client.example.com', 'TLS'), via('client.example.com:5061', 'TLS'));
    assert.notEqual(via('client.example.com', 'TLS'), via('client.example.com:5060', 'TLS'));
  });

  it('copies a text of any length', () => {
    for (const length of [0, 1, 12, 13, 4_096, 4_097, 100_000]) {
      const text = 'é'.repeat(length);
      assert.equal(copyText(text), text);
    }
  });
});

describe('matching by RFC 2543', () => {
  // Without a branch, and with one that is only the magic cookie.
  const VIAS = [
    'SIP/2.0/UDP old.example.com',
    'SIP/2.0/UDP old.example.com;branch=z9hG4bK',
    'SIP/2.0/UDP old.example.com;branch=1',
  ];

  function kindOf(w: World, parts: RequestParts): string {
    return w.layer.matchRequest(request(parts), received()).kind;
  }

  it('compares Request-URI, tags, Call-ID, CSeq and top Via', () => {
    for (const via of VIAS) {
      for (const method of ['INVITE', 'OPTIONS']) {
        const w = world();
        const parts = { via, method };
        w.layer.createServer(request(parts), received(), w.user, DEFAULT_TIMERS);
        assert.equal(kindOf(w, parts), 'absorbed');
        assert.equal(kindOf(w, { ...parts, ruri: 'sip:carol@example.com' }), 'new');
        assert.equal(kindOf(w, { ...parts, fromTag: 'other' }), 'new');
        assert.equal(kindOf(w, { ...parts, toTag: 'other' }), 'new');
        assert.equal(kindOf(w, { ...parts, callId: 'other' }), 'new');
        assert.equal(kindOf(w, { ...parts, cseq: 2 }), 'new');
        assert.equal(kindOf(w, { ...parts, via: via.replace('old', 'new') }), 'new');
        assert.equal(kindOf(w, { ...parts, method: 'MESSAGE' }), 'new');
      }
    }
  });

  it('finds the INVITE of an ACK by the To tag of the response', () => {
    for (const via of VIAS) {
      const w = world();
      const server = w.layer.createServer(request({ via }), received(), w.user, DEFAULT_TIMERS);
      assert.ok(typeof server === 'object');
      assert.equal(kindOf(w, { via, method: 'ACK', toTag: 'bob1' }), 'new');
      server.respond(486, responseText(486, { via }), destination());
      assert.equal(kindOf(w, { via, method: 'ACK', toTag: 'not-ours' }), 'new');
      assert.equal(kindOf(w, { via, method: 'ACK', toTag: 'bob1', cseq: 2 }), 'new');
      assert.equal(kindOf(w, { via, method: 'ACK', toTag: 'bob1' }), 'absorbed');
      w.clock.advance(5_000);
      assert.deepEqual(w.user.take(), ['5000 terminated']);
      assert.equal(kindOf(w, { via, method: 'ACK', toTag: 'bob1' }), 'new');
      assert.equal(w.layer.size, 0);
    }
  });

  it('finds the INVITE of a CANCEL', () => {
    for (const via of VIAS) {
      const w = world();
      const invite = w.layer.createServer(request({ via }), received(), w.user, DEFAULT_TIMERS);
      const match = w.layer.matchRequest(request({ via, method: 'CANCEL' }), received());
      assert.ok(match.kind === 'cancel' && match.invite === invite);
      assert.equal(kindOf(w, { via, method: 'CANCEL', cseq: 2 }), 'new');
    }
  });

  it('takes two re-INVITEs that differ in the To tag for two', () => {
    const w = world();
    const via = VIAS[0]!;
    assert.equal(
      typeof w.layer.createServer(request({ via, toTag: 'a' }), received(), w.user, DEFAULT_TIMERS),
      'object',
    );
    assert.equal(
      typeof w.layer.createServer(request({ via, toTag: 'b' }), received(), w.user, DEFAULT_TIMERS),
      'object',
    );
    assert.equal(w.layer.size, 2);
  });
});
