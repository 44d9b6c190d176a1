import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SipMessage } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parser.ts';
import { aorKey } from '../../src/registrar/aor.ts';
import { Bindings } from '../../src/registrar/bindings.ts';
import { ANY_CONTACT, lookupContacts, wayTo } from '../../src/registrar/lookup.ts';
import { type RegisterOccasion, type RegisterResult, register } from '../../src/registrar/register.ts';
import type { RegistrarSettings } from '../../src/registrar/settings.ts';

const NOW = 1_800_000_000;

const SETTINGS: RegistrarSettings = {
  useDomain: false,
  caseSensitive: false,
  realmPrefix: '',
  matching: 'contact',
  cseqDelay: 20,
  defaultExpires: 3600,
  defaultExpiresRange: 0,
  minExpires: 60,
  minExpiresRefuse: false,
  maxExpires: 0,
  expiresRange: 0,
  defaultQ: -1,
  maxContacts: 0,
  contactMaxSize: 512,
  gruu: true,
  usePath: false,
  pathMode: 2,
  pathUseReceived: false,
  outboundMode: 0,
  flowTimer: 0,
  regIdOnlyOutbound: false,
  receivedParam: 'received',
  retryAfter: 0,
  serverId: 0,
};

function message(cseq: number, lines: readonly string[], callId = 'c1'): SipMessage {
  const text = [
    'REGISTER sip:example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    'From: <sip:bob@example.com>;tag=1',
    'To: <sip:bob@example.com>',
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} REGISTER`,
    ...lines,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  const parsed = parseMessage(text);
  if (!(parsed instanceof SipMessage)) throw new Error(parsed.reason);
  return parsed;
}

/** A registrar with a clock that is moved by hand. */
class Desk {
  now = NOW;
  private ruids = 0;
  readonly bindings = new Bindings({ name: 'location', newestFirst: false }, NOW);
  readonly settings: RegistrarSettings;

  constructor(over: Partial<RegistrarSettings> = {}) {
    this.settings = { ...SETTINGS, ...over };
  }

  save(cseq: number, lines: readonly string[], over: Partial<RegisterOccasion> = {}, callId = 'c1'): RegisterResult {
    return register(
      this.bindings,
      message(cseq, lines, callId),
      {
        aor: 'bob',
        address: 'bob@example.com',
        now: this.now,
        received: '',
        socket: 'udp:192.0.2.9:5060',
        connection: -1,
        cflags: 0,
        memoryOnly: false,
        attributes: null,
        replace: false,
        exact: false,
        orders: { maxContacts: undefined, expires: undefined, q: undefined },
        ruid: () => `r${++this.ruids}`,
        random: () => 0x80000000,
        ...over,
      },
      this.settings,
    );
  }

  get uris(): readonly string[] {
    return this.bindings.list('bob', this.now).map(({ uri }) => uri);
  }
}

describe('REGISTER', () => {
  test('all of it or nothing: one bad contact changes none (RFC 3261 §10.3 step 7)', () => {
    const desk = new Desk();
    desk.save(1, ['Contact: <sip:a@h>']);
    const result = desk.save(2, ['Contact: <sip:b@h>, <sip:a@h>;expires=0, <sip:c@h>;q=7']);
    assert.deepEqual([result.code, result.status], [-1, 400]);
    assert.deepEqual(desk.uris, ['sip:a@h']);
  });

  test('a contact whose time is over is taken up again until it is swept, and does not stand there twice', () => {
    const desk = new Desk({ maxContacts: 1 });
    const count = (): number => desk.bindings.of('bob').length;
    desk.save(5, ['Contact: <sip:a@h>;expires=60']);
    desk.now += 61;
    assert.deepEqual(desk.uris, []);
    // Ended, it has no CSeq that could be too old.
    assert.equal(desk.save(4, ['Contact: <sip:a@h>;expires=60']).code, 2);
    assert.deepEqual([desk.uris, count(), desk.bindings.byName('r1')?.cseq], [['sip:a@h'], 1, 4]);
    desk.now += 61;
    // One that has ended leaves room for another, and is none of two.
    assert.equal(desk.save(6, ['Contact: <sip:b@h>;expires=60']).code, 1);
    assert.equal(desk.save(7, ['Contact: <sip:a@h>;expires=60']).status, 503);
    assert.deepEqual([desk.uris, count()], [['sip:b@h'], 2]);
    desk.now += 61;
    assert.equal(desk.save(8, ['Contact: <sip:a@h>;expires=0, <sip:b@h>;expires=0']).status, 200);
    assert.equal(count(), 0);
  });

  test('an old CSeq of the same Call-ID is refused, for instances too; another Call-ID is another life', () => {
    const instance = '<sip:a@h>;+sip.instance="<urn:uuid:1>"';
    const desk = new Desk();
    desk.save(5, [`Contact: ${instance}`]);
    assert.equal(desk.save(4, [`Contact: ${instance};expires=0`]).refusal, 'cseq');
    assert.equal(desk.save(1, [`Contact: ${instance};expires=0`], {}, 'c2').code, 3);
  });

  test('a repetition is answered for a while, then refused', () => {
    const desk = new Desk();
    desk.save(5, ['Contact: <sip:a@h>;expires=100']);
    assert.deepEqual(desk.save(5, ['Contact: <sip:a@h>;expires=900']).changed, []);
    desk.now += 21;
    assert.equal(desk.save(5, ['Contact: <sip:a@h>;expires=900']).refusal, 'cseq');
  });

  test('the same contact twice in one request counts once, and whose order expires=0 gives goes', () => {
    const desk = new Desk({ maxContacts: 1 });
    assert.equal(desk.save(1, ['Contact: <sip:a@h>, <sip:a@h>;expires=90']).code, 1);
    const orders = { maxContacts: undefined, expires: 300, q: undefined };
    assert.equal(desk.save(2, ['Contact: <sip:a@h>;expires=0'], { orders }).code, 3);
    assert.deepEqual(desk.uris, []);
  });

  test('times: raised, lowered, varied, refused', () => {
    const granted = (over: Partial<RegistrarSettings>, contact: string, exact = false): string => {
      const { headers } = new Desk(over).save(1, [`Contact: ${contact}`], { exact });
      return /expires=(\d+)|Min-Expires: (\d+)/.exec(headers)?.[0] ?? '';
    };
    assert.equal(granted({}, '<sip:a@h>;expires=5'), 'expires=60');
    assert.equal(granted({ minExpiresRefuse: true }, '<sip:a@h>;expires=5'), 'Min-Expires: 60');
    assert.equal(granted({ maxExpires: 600 }, '<sip:a@h>'), 'expires=600');
    assert.equal(granted({ expiresRange: 50 }, '<sip:a@h>;expires=1000'), 'expires=750');
    assert.equal(granted({ expiresRange: 50 }, '<sip:a@h>;expires=1000', true), 'expires=1000');
    assert.equal(granted({ maxExpires: 0 }, '<sip:a@h>;expires=4294967295'), 'expires=1073741823');
  });

  test('q as registrars take it: more decimals are cut off, none before the point is 0', () => {
    const kept = (q: string): number | string => {
      const desk = new Desk();
      const { status } = desk.save(1, [`Contact: <sip:a@h>${q}`]);
      return desk.bindings.list('bob', NOW)[0]?.q ?? status;
    };
    assert.deepEqual(
      ['', ';q=', ';q=1', ';q=1.000', ';q=0', ';q=0.', ';q=.5', ';q=0.5559', ';q=1.5', ';q=2', ';q=-1', ';q=x'].map(
        kept,
      ),
      [-1, -1, 1000, 1000, 0, 0, 500, 555, 400, 400, 400, 400],
    );
  });

  test('methods: in any case, and one bit for all that have none of their own', () => {
    const desk = new Desk();
    desk.save(1, ['Contact: <sip:a@h>;methods="invite,FOO"']);
    desk.save(2, ['Contact: <sip:b@h>;methods="MESSAGE"']);
    const found = (method: string): readonly string[] => {
      const text = `${method} sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: c\r\nCSeq: 1 ${method}\r\n\r\n`;
      const request = parseMessage(text);
      if (!(request instanceof SipMessage)) throw new Error(request.reason);
      const result = lookupContacts(desk.bindings, 'bob', null, { ...ANY_CONTACT, request }, NOW);
      return typeof result === 'number' ? [] : result.map(({ uri }) => uri);
    };
    assert.deepEqual(
      [found('INVITE'), found('MESSAGE'), found('BAR'), found('BYE')],
      [['sip:a@h'], ['sip:b@h'], ['sip:a@h'], []],
    );
  });

  test('Require: outbound where there is none is refused (RFC 3261 §8.2.2.3)', () => {
    const desk = new Desk();
    const refusal = desk.save(1, ['Contact: <sip:a@h>', 'Require: outbound']);
    assert.deepEqual([refusal.status, desk.uris], [420, []]);
    assert.match(refusal.headers, /^Unsupported: outbound\r\n/m);
    assert.equal(new Desk({ outboundMode: 1 }).save(1, ['Contact: <sip:a@h>', 'Require: outbound']).status, 200);
  });

  test('what a script orders stays within the bounds of times', () => {
    const desk = new Desk({ maxExpires: 600 });
    const granted = (cseq: number, expires: number): number => {
      const orders = { maxContacts: undefined, expires, q: undefined };
      desk.save(cseq, ['Contact: <sip:a@h>;expires=100'], { orders });
      return (desk.bindings.list('bob', NOW)[0]?.expires ?? 0) - NOW;
    };
    assert.deepEqual([granted(1, 5), granted(2, 200), granted(3, 100_000)], [60, 200, 600]);
  });

  test('quotes of a received parameter or an instance cannot end those of the reply', () => {
    const desk = new Desk();
    const { headers } = desk.save(1, ['Contact: <sip:a@h>;+sip.instance="<urn:x\\">;evil=1"']);
    assert.match(headers, /;\+sip\.instance="<urn:x>;evil=1"\r\n$/);
  });

  test('matching modes', () => {
    const count = (matching: RegistrarSettings['matching']): number => {
      const desk = new Desk({ matching });
      desk.save(1, ['Contact: <sip:a@h>'], {}, 'c1');
      desk.save(2, ['Contact: <sip:a@h>'], {}, 'c2');
      desk.save(3, ['Contact: <sip:b@h>'], {}, 'c2');
      return desk.uris.length;
    };
    assert.deepEqual((['contact', 'contact-callid', 'contact-path', 'callid'] as const).map(count), [2, 3, 2, 2]);
  });

  test('a slice of a message is not kept for a contact', () => {
    const desk = new Desk();
    desk.save(1, ['Contact: <sip:a-long-enough-name@host.example.com>', 'User-Agent: A phone with a long name']);
    const [binding] = desk.bindings.list('bob', NOW);
    assert.equal(binding?.userAgent, 'A phone with a long name');
    assert.equal(binding?.uri, 'sip:a-long-enough-name@host.example.com');
  });
});

describe('contacts', () => {
  test('end at their second, in slices, once; a refresh moves the end', () => {
    const desk = new Desk();
    desk.save(1, ['Contact: <sip:a@h>;expires=60, <sip:b@h>;expires=60, <sip:c@h>;expires=60']);
    desk.save(2, ['Contact: <sip:a@h>;expires=90']);
    const ended: string[] = [];
    const sweep = (now: number, limit: number): boolean =>
      desk.bindings.sweep(now, limit, ({ uri }) => ended.push(uri));
    assert.equal(sweep(NOW + 59, 10), true);
    assert.deepEqual(ended, []);
    assert.equal(sweep(NOW + 60, 1), false);
    assert.equal(ended.length, 1);
    assert.equal(sweep(NOW + 60, 10), true);
    assert.deepEqual(ended.toSorted(), ['sip:b@h', 'sip:c@h']);
    assert.equal(sweep(NOW + 100_000, 10), true);
    assert.deepEqual([ended.length, desk.bindings.contacts, desk.bindings.users], [3, 0, 0]);
  });

  test('by q, then oldest first; newest first when asked', () => {
    const desk = new Desk();
    desk.save(1, ['Contact: <sip:a@h>;q=0.5']);
    desk.save(2, ['Contact: <sip:b@h>;q=0.7']);
    desk.save(3, ['Contact: <sip:c@h>;q=0.5']);
    assert.deepEqual(desk.uris, ['sip:b@h', 'sip:a@h', 'sip:c@h']);
    desk.save(4, ['Contact: <sip:c@h>;q=1']);
    assert.deepEqual(desk.uris, ['sip:c@h', 'sip:b@h', 'sip:a@h']);
    desk.bindings.options.newestFirst = true;
    desk.save(5, ['Contact: <sip:a@h>;q=0.1']);
    assert.deepEqual(desk.uris, ['sip:a@h', 'sip:c@h', 'sip:b@h']);
  });

  test('lookup: the way goes by the path, past elements of our own when asked', () => {
    const desk = new Desk({ usePath: true, pathMode: 0 });
    desk.save(1, ['Contact: <sip:a@h>', 'Path: <sip:192.0.2.9;lr>, <sip:10.0.0.1;lr>'], { received: 'sip:1.1.1.1:9' });
    const found = lookupContacts(desk.bindings, 'bob', null, ANY_CONTACT, NOW);
    assert.ok(typeof found !== 'number');
    const [binding] = found;
    assert.ok(binding !== undefined);
    assert.deepEqual(wayTo(binding, null), {
      nextHop: 'sip:192.0.2.9;lr',
      path: '<sip:192.0.2.9;lr>, <sip:10.0.0.1;lr>'.replace(', ', ','),
    });
    assert.deepEqual(
      wayTo(binding, (host) => host === '192.0.2.9'),
      { nextHop: 'sip:10.0.0.1;lr', path: '<sip:10.0.0.1;lr>' },
    );
    assert.deepEqual(
      wayTo(binding, () => true),
      { nextHop: 'sip:1.1.1.1:9', path: '' },
    );
  });

  test('keys of addresses of record', () => {
    const options = { useDomain: true, caseSensitive: false, realmPrefix: 'sip.' };
    assert.equal(aorKey('sip:B%6Fb@SIP.Example.com:5070;x=y', options), 'bob@example.com');
    assert.equal(aorKey('sip:Bob@example.com', { ...options, caseSensitive: true }), 'Bob@example.com');
    assert.equal(aorKey('sip:example.com', options), 'example.com');
    assert.equal(aorKey('tel:+49', { ...options, useDomain: false }), '+49');
    assert.equal(aorKey('nonsense', options), null);
  });
});
