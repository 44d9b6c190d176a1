/** Keepalives and what their silence means (RFC 5626 §4.4). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { grant, granting, Harness, type Registrar, row, type Stream } from './support.ts';

const TCP = 'sip:198.51.100.1:5060;transport=tcp';

function streamOf(bench: Harness, address = '198.51.100.1:5060'): Stream {
  const stream = bench.streams?.get(address);
  assert.ok(stream !== undefined, 'no stream is open');
  return stream;
}

/** Gaps between keepalives in milliseconds. */
function gaps({ pings }: Harness): number[] {
  return pings.slice(1).map(({ at }, index) => at - (pings[index]?.at ?? 0));
}

/** REGISTERs of each account. */
function registers(bench: Harness, uuid: string): number {
  return bench.requests.filter(({ message, contact }) => message.method === 'REGISTER' && contact.includes(`:${uuid}@`))
    .length;
}

describe('a stream', () => {
  it('that answers goes on; one that stops answering is closed, and its accounts register anew at once', () => {
    const bench = new Harness(granting, { keepaliveInterval: 60 }, 1, true);
    for (const uuid of ['u1', 'u2', 'u3']) bench.engine.add(row(uuid, { proxy: TCP }));
    bench.engine.add(row('other', { proxy: 'sip:198.51.100.2:5060;transport=tcp' }));
    bench.advance(300_000);
    assert.equal(bench.requests.length, 4, 'nobody registers anew while keepalives are answered');
    assert.equal(bench.engine.registrars().find(({ name }) => name.includes('.1:'))?.watched, 1);
    streamOf(bench).answers = false;
    const { id } = streamOf(bench);
    // The next keepalive within 60 seconds, its answer within 10 of it.
    bench.advance(71_000);
    assert.deepEqual(
      ['u1', 'u2', 'u3', 'other'].map((uuid) => registers(bench, uuid)),
      [2, 2, 2, 1],
    );
    assert.notEqual(streamOf(bench).id, id, 'the dead connection is not used again');
    assert.equal(bench.view('u1').state, 'registered');
    assert.equal(bench.engine.flowsLost, 1);
    assert.match(
      bench.log.join('\n'),
      /warn UAC_REG_FLOW_LOST tcp:198\.51\.100\.1:5060: a keepalive was not answered; 3 /,
    );
    // The new one is kept alive in its turn, and nobody registers a third time.
    const { length } = bench.pings;
    bench.advance(200_000);
    assert.ok(bench.pings.length > length);
    assert.equal(registers(bench, 'u1'), 2);
  });

  it('that never answered is not taken for dead', () => {
    const bench = new Harness(granting, { keepaliveInterval: 60 }, 1, true);
    bench.engine.add(row('u1', { proxy: TCP }));
    bench.advance(100);
    streamOf(bench).answers = false;
    bench.advance(600_000);
    assert.ok(bench.pings.length >= 10);
    assert.equal(registers(bench, 'u1'), 1);
    assert.equal(bench.engine.flowsLost, 0);
  });

  it('that was closed is noticed by the next keepalive, or by the next who registers', () => {
    const bench = new Harness(granting, { keepaliveInterval: 60 }, 1, true);
    bench.engine.add(row('u1', { proxy: TCP }));
    bench.advance(100);
    bench.streams?.clear();
    bench.advance(61_000);
    assert.equal(registers(bench, 'u1'), 2);
    bench.streams?.clear();
    bench.engine.add(row('u2', { proxy: TCP }));
    bench.advance(1000);
    assert.equal(registers(bench, 'u1'), 3, 'the binding of the closed stream is made anew');
    assert.equal(registers(bench, 'u2'), 1, 'who came by the new one is left alone');
  });

  it('a registrar that is gone as well is a failure with its pauses', () => {
    const bench = new Harness(granting, { keepaliveInterval: 60 }, 1, true);
    bench.engine.add(row('u1', { proxy: TCP }));
    bench.advance(100);
    bench.streams?.clear();
    bench.broken.set('198.51.100.1:5060', 'TRANSPORT_CONNECTION_REFUSED');
    bench.advance(61_000);
    const { state, online, failures } = bench.view();
    assert.deepEqual({ state, online }, { state: 'retrying', online: true });
    assert.ok(failures >= 1 && failures <= 3, `${failures} failures in a minute`);
    bench.broken.clear();
    bench.advance(300_000);
    assert.equal(bench.view().state, 'registered');
  });
});

describe('Flow-Timer', () => {
  const timed: Registrar = (request) => grant(request, request.expires, 'Flow-Timer: 100');

  it('is honoured: a keepalive after 80 to 100 percent of it, answers expected from the first on', () => {
    const bench = new Harness(timed, { instance: 'urn:uuid:1', regId: 1 }, 1, true);
    bench.engine.add(row('u1', { proxy: TCP }));
    bench.advance(1_000_000);
    assert.ok(bench.pings.length >= 9, `${bench.pings.length} keepalives`);
    for (const gap of gaps(bench)) assert.ok(gap >= 80_000 && gap <= 100_100, `${gap} ms`);
    assert.ok(new Set(gaps(bench)).size > 5, 'spread by chance');

    const silent = new Harness(timed, { instance: 'urn:uuid:1', regId: 1 }, 1, true);
    silent.engine.add(row('u1', { proxy: TCP }));
    silent.advance(100);
    streamOf(silent).answers = false;
    silent.advance(111_000);
    assert.equal(registers(silent, 'u1'), 2);
  });

  it('the shorter of it and reg_keepalive counts; without outbound and keepalives it is not looked at', () => {
    const shorter = new Harness(timed, { keepaliveInterval: 20 }, 1, true);
    shorter.engine.add(row('u1', { proxy: TCP }));
    shorter.advance(100_000);
    assert.ok(shorter.pings.length >= 4);
    const off = new Harness(timed, {}, 1, true);
    off.engine.add(row('u1', { proxy: TCP }));
    off.advance(1_000_000);
    assert.equal(off.pings.length, 0);
  });
});

describe('over UDP', () => {
  it('an OPTIONS that is not answered any more ends the flow', () => {
    let alive = true;
    const answering: Registrar = (request) => {
      if (request.message.method !== 'OPTIONS') return grant(request);
      return alive ? { status: 404 } : null;
    };
    const bench = new Harness(answering, { keepaliveInterval: 60, keepaliveOptions: true });
    bench.engine.add(row('u1'));
    bench.advance(500_000);
    const asked = bench.requests.filter(({ message }) => message.method === 'OPTIONS').length;
    assert.ok(asked >= 8 && asked <= 11, `${asked} OPTIONS`);
    assert.equal(registers(bench, 'u1'), 1);
    alive = false;
    bench.advance(60_000 + 33_000);
    assert.equal(registers(bench, 'u1'), 2);
    assert.equal(bench.engine.flowsLost, 1);
    assert.equal(bench.pings.length, 0, 'no double CRLF beside them');
  });

  it('a registrar that never answers OPTIONS is left alone', () => {
    const bench = new Harness((request) => (request.message.method === 'OPTIONS' ? null : grant(request)), {
      keepaliveInterval: 60,
      keepaliveOptions: true,
    });
    bench.engine.add(row('u1'));
    bench.advance(1_000_000);
    assert.equal(registers(bench, 'u1'), 1);
  });
});
