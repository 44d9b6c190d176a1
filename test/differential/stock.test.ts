/**
 * Kamailio's stock configuration on the real Kamailio and on Trunkline: single messages of every kind, with and without passwords, well-formed
 * and not. Replies, and what a called phone sees, are the same, but for what allowed-stock.ts lists.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { SDP } from '../support/sip-dialog.ts';
import { noStock, noTables } from '../support/stock-place.ts';
import { ALLOWED_STOCK } from './allowed-stock.ts';
import { StockPair } from './stock-pair.ts';
import { DOMAIN, PASSWORD, type Row, type Shot } from './stock-side.ts';

const skip = peer('kamailio').skip || noStock || noTables;

const RIGHT = { user: 'alice', password: PASSWORD };
const WRONG = { user: 'alice', password: 'guess' };
const STRANGER = '<sip:zoe@far.example>;tag=ours2';
const INSIDE = { to: `<sip:bob@${DOMAIN}>;tag=callee` };

/** Who calls is challenged, and calls again with the password. */
const proven = (shot: Shot): readonly Shot[] => [shot, { ...shot, answers: RIGHT }];
const head = (name: string, text: string) => (message: string) =>
  message.replace(new RegExp(`\\r\\n${name}:[^\\r]*`), text === '' ? '' : `\r\n${name}: ${text}`);
const row = (name: string, ...shots: readonly Shot[]): Row => ({ name, shots });

const ROWS: readonly Row[] = [
  // Ourselves.
  row('OPTIONS', { method: 'OPTIONS', uri: `sip:${DOMAIN}` }),
  row('OPTIONS of a stranger', { method: 'OPTIONS', uri: `sip:${DOMAIN}`, from: STRANGER }),
  row('OPTIONS for a user', { method: 'OPTIONS', from: STRANGER }),
  row('OPTIONS for nobody', { method: 'OPTIONS', uri: `sip:nobody@${DOMAIN}`, from: STRANGER }),
  row('OPTIONS to another domain', { method: 'OPTIONS', uri: 'sip:far.example', from: STRANGER }),
  row('OPTIONS without a hop left', { method: 'OPTIONS', uri: `sip:${DOMAIN}`, maxForwards: 0 }),
  row('OPTIONS without Max-Forwards', { method: 'OPTIONS', from: STRANGER, maxForwards: null }),
  row('OPTIONS with many hops left', { method: 'OPTIONS', from: STRANGER, maxForwards: 255 }),
  row('OPTIONS without rport', { method: 'OPTIONS', uri: `sip:${DOMAIN}`, edit: (text) => text.replace(';rport', '') }),
  row('OPTIONS behind another Via', {
    method: 'OPTIONS',
    uri: `sip:${DOMAIN}`,
    edit: (text) => text.replace(/(\r\nMax-Forwards)/, '\r\nVia: SIP/2.0/UDP 10.9.8.7:5060;branch=z9hG4bKours$1'),
  }),

  // Registrations.
  row('REGISTER without a password', { method: 'REGISTER' }),
  row(
    'REGISTER with the right password',
    ...proven({ method: 'REGISTER', contact: 'Contact: <sip:alice@10.0.0.1:5060>' }),
  ),
  row('REGISTER with a wrong password', { method: 'REGISTER' }, { method: 'REGISTER', answers: WRONG }),
  row(
    'REGISTER of an unknown user',
    { method: 'REGISTER', from: `<sip:nobody@${DOMAIN}>;tag=ours1`, to: `<sip:nobody@${DOMAIN}>` },
    {
      method: 'REGISTER',
      from: `<sip:nobody@${DOMAIN}>;tag=ours1`,
      to: `<sip:nobody@${DOMAIN}>`,
      answers: { user: 'nobody', password: PASSWORD },
    },
  ),
  row('REGISTER for somebody else', ...proven({ method: 'REGISTER', to: `<sip:carol@${DOMAIN}>` })),
  row('REGISTER with credentials nobody asked for', {
    method: 'REGISTER',
    headers: [
      `Authorization: Digest username="alice", realm="${DOMAIN}", nonce="made-up", uri="sip:${DOMAIN}", response="00000000000000000000000000000000"`,
    ],
  }),
  row('REGISTER with broken credentials', { method: 'REGISTER', headers: ['Authorization: Digest username="alice'] }),
  row('REGISTER with Basic credentials', { method: 'REGISTER', headers: ['Authorization: Basic YWxpY2U6dzBuZGVy'] }),
  row('REGISTER of a stranger', {
    method: 'REGISTER',
    uri: 'sip:far.example',
    from: STRANGER,
    to: '<sip:zoe@far.example>',
  }),
  row('REGISTER of a whole list', ...proven({ method: 'REGISTER', contact: 'Contact: *', headers: ['Expires: 100'] })),
  row('REGISTER with an unreadable Contact', ...proven({ method: 'REGISTER', contact: 'Contact: <sip:alice@' })),
  row('REGISTER in a dialog', { method: 'REGISTER', to: `<sip:alice@${DOMAIN}>;tag=callee` }),

  // Calls.
  row('INVITE without a password', { body: SDP }),
  row('INVITE with the right password', ...proven({ body: SDP })),
  row('INVITE with a wrong password', { body: SDP }, { body: SDP, answers: WRONG }),
  row('INVITE to nobody', ...proven({ uri: `sip:nobody@${DOMAIN}`, body: SDP })),
  row('INVITE to no user', ...proven({ uri: `sip:${DOMAIN}`, body: SDP })),
  row('INVITE to an alias', ...proven({ uri: `sip:boss@${DOMAIN}`, body: SDP })),
  row('INVITE to a short number', ...proven({ uri: `sip:42@${DOMAIN}`, body: SDP })),
  row('INVITE to a short number of nobody', ...proven({ uri: `sip:43@${DOMAIN}`, body: SDP })),
  row('INVITE to one who is busy', ...proven({ uri: `sip:carol@${DOMAIN}`, body: SDP })),
  row('INVITE to a telephone number', ...proven({ uri: 'tel:+15551234', to: '<tel:+15551234>', body: SDP })),
  row('INVITE to a sips URI', ...proven({ uri: `sips:bob@${DOMAIN}`, body: SDP })),
  row('INVITE to an unknown scheme', { uri: 'mailto:bob@home.example', body: SDP }),
  row('INVITE of a stranger', { from: STRANGER, body: SDP }),
  row('INVITE of a stranger to nobody', { from: STRANGER, uri: `sip:nobody@${DOMAIN}`, body: SDP }),
  row('INVITE of a stranger to another domain', { from: STRANGER, uri: 'sip:amy@far.example', body: SDP }),
  row('INVITE to another domain without a password', { uri: 'sip:amy@far.example', body: SDP }),
  row('INVITE with a preloaded Route to us', {
    from: STRANGER,
    headers: [`Route: <sip:${DOMAIN};lr>`],
    body: SDP,
  }),
  row('INVITE with a preloaded Route to elsewhere', {
    from: STRANGER,
    headers: ['Route: <sip:10.9.9.9;lr>'],
    body: SDP,
  }),
  row('INVITE without a hop left', { from: STRANGER, maxForwards: 0, body: SDP }),
  row('INVITE that has the last hop', { from: STRANGER, maxForwards: 1, body: SDP }),
  row('INVITE that requires what there is not', { from: STRANGER, headers: ['Proxy-Require: gold'], body: SDP }),
  row('INVITE with Require', { from: STRANGER, headers: ['Require: 100rel'], body: SDP }),
  row('INVITE with a wrong length', { from: STRANGER, body: SDP, edit: head('Content-Length', '9999') }),
  row('INVITE with a length that is too short', { from: STRANGER, body: SDP, edit: head('Content-Length', '5') }),
  row('INVITE with a length that is none', {
    from: STRANGER,
    body: SDP,
    edit: head('Content-Length', 'many'),
    silent: true,
  }),
  row('INVITE without a length', { from: STRANGER, body: SDP, edit: head('Content-Length', '') }),
  row('INVITE with another method in CSeq', { from: STRANGER, body: SDP, edit: head('CSeq', '1 BYE') }),
  row('INVITE with a CSeq that is no number', {
    from: STRANGER,
    body: SDP,
    edit: head('CSeq', 'one INVITE'),
  }),
  row('INVITE with a CSeq too large', {
    from: STRANGER,
    body: SDP,
    edit: head('CSeq', '4294967296 INVITE'),
  }),
  row('INVITE without CSeq', { from: STRANGER, body: SDP, edit: head('CSeq', ''), silent: true }),
  row('INVITE without From', { from: STRANGER, body: SDP, edit: head('From', ''), silent: true }),
  row('INVITE without To', { from: STRANGER, body: SDP, edit: head('To', ''), silent: true }),
  row('INVITE without Call-ID', { from: STRANGER, body: SDP, edit: head('Call-ID', ''), silent: true }),
  row('INVITE without From tag', { from: '<sip:zoe@far.example>', body: SDP }),
  row('INVITE without Contact', { from: STRANGER, body: SDP, edit: head('Contact', '') }),
  row('INVITE with Max-Forwards that is no number', {
    from: STRANGER,
    body: SDP,
    edit: head('Max-Forwards', 'few'),
  }),
  row('INVITE of SIP 3', {
    from: STRANGER,
    body: SDP,
    edit: (text) => text.replace('SIP/2.0\r', 'SIP/3.0\r'),
    silent: true,
  }),
  row('INVITE of a scanner', { from: STRANGER, headers: ['User-Agent: friendly-scanner'], body: SDP, silent: true }),
  row('OPTIONS of a scanner', {
    method: 'OPTIONS',
    uri: `sip:${DOMAIN}`,
    headers: ['User-Agent: sipvicious'],
    silent: true,
  }),

  // Other requests outside of dialogs.
  row('MESSAGE without a password', { method: 'MESSAGE' }),
  row('MESSAGE with the right password', ...proven({ method: 'MESSAGE' })),
  row('MESSAGE of a stranger', { method: 'MESSAGE', from: STRANGER }),
  row('MESSAGE to one who takes calls only', { method: 'MESSAGE', uri: `sip:dave@${DOMAIN}`, from: STRANGER }),
  row('SUBSCRIBE', { method: 'SUBSCRIBE', from: STRANGER, headers: ['Event: presence'] }),
  row('SUBSCRIBE to a mailbox', { method: 'SUBSCRIBE', from: STRANGER, headers: ['Event: message-summary'] }),
  row('SUBSCRIBE to no user', {
    method: 'SUBSCRIBE',
    uri: `sip:${DOMAIN}`,
    from: STRANGER,
    headers: ['Event: presence'],
  }),
  row('PUBLISH', { method: 'PUBLISH', from: STRANGER, headers: ['Event: presence'] }),
  row('PUBLISH with the right password', ...proven({ method: 'PUBLISH', headers: ['Event: presence'] })),
  row('NOTIFY', { method: 'NOTIFY', from: STRANGER, headers: ['Event: presence', 'Subscription-State: active'] }),
  row('INFO', { method: 'INFO', from: STRANGER }),
  row('UPDATE', { method: 'UPDATE', from: STRANGER }),
  row('PRACK', { method: 'PRACK', from: STRANGER, headers: ['RAck: 1 1 INVITE'] }),
  row('REFER', { method: 'REFER', from: STRANGER, headers: ['Refer-To: <sip:amy@far.example>'] }),
  row('BYE', { method: 'BYE', from: STRANGER }),
  row('a method that nobody knows', { method: 'DANCE', from: STRANGER }),
  row('CANCEL without INVITE', { method: 'CANCEL', from: STRANGER, silent: true }),
  row('ACK without INVITE', { method: 'ACK', from: STRANGER, silent: true }),

  // Inside of dialogs.
  row('INVITE in a dialog, no Route', { ...INSIDE, body: SDP }),
  row('BYE in a dialog, no Route', { method: 'BYE', ...INSIDE }),
  row('SUBSCRIBE in a dialog, no Route', {
    method: 'SUBSCRIBE',
    ...INSIDE,
    headers: ['Event: presence'],
    silent: true,
  }),
  row('NOTIFY in a dialog, no Route', { method: 'NOTIFY', ...INSIDE, headers: ['Event: presence'] }),
  row('PRACK in a dialog, no Route', { method: 'PRACK', ...INSIDE, headers: ['RAck: 1 1 INVITE'] }),
  row('UPDATE in a dialog, no Route', { method: 'UPDATE', ...INSIDE }),
  row('ACK in a dialog, no Route', { method: 'ACK', ...INSIDE, silent: true }),
  row('CANCEL in a dialog', { method: 'CANCEL', ...INSIDE, silent: true }),
  row('BYE in a dialog, Route to us, foreign target', {
    method: 'BYE',
    uri: `sip:bob@CALLEE`,
    ...INSIDE,
    headers: [`Route: <sip:${DOMAIN};lr>`],
  }),
  row('INFO in a dialog, two Routes', {
    method: 'INFO',
    uri: 'sip:bob@10.9.9.9',
    ...INSIDE,
    headers: [`Route: <sip:${DOMAIN};lr>, <sip:CALLEE;lr>`],
  }),
  row('NOTIFY in a dialog, Route to us', {
    method: 'NOTIFY',
    uri: `sip:bob@CALLEE`,
    ...INSIDE,
    headers: [`Route: <sip:${DOMAIN};lr>`, 'Event: presence', 'Subscription-State: active'],
  }),
  row('BYE in a dialog, Route that is no URI', {
    method: 'BYE',
    ...INSIDE,
    headers: ['Route: nonsense'],
  }),
  row('BYE in a dialog, Route of a strict router', {
    method: 'BYE',
    uri: `sip:${DOMAIN}`,
    ...INSIDE,
    headers: ['Route: <sip:bob@CALLEE>'],
  }),
];

/** Rows of phones behind NAT; their Contacts are addresses that only their own network knows. */
const PRIVATE = 'Contact: <sip:alice@10.9.8.7:5060>';
const BEHIND = '10.9.8.6:5060';
const NAT_SDP = SDP.replaceAll('127.0.0.1', '10.9.8.7');
const NAT_ROUTE = `Route: <sip:${DOMAIN};lr;nat=yes>`;
const NAT_TARGET = { ...INSIDE, uri: `sip:bob@${BEHIND};alias=CALLEE_ALIAS`, contact: PRIVATE };

const NAT_ROWS: readonly Row[] = [
  row('NAT REGISTER', ...proven({ method: 'REGISTER', contact: PRIVATE })),
  row(
    'NAT REGISTER with a public Contact',
    ...proven({ method: 'REGISTER', contact: 'Contact: <sip:alice@192.0.2.7>' }),
  ),
  row('NAT OPTIONS', { method: 'OPTIONS', uri: `sip:${DOMAIN}`, contact: PRIVATE }),
  row('NAT OPTIONS for a user', { method: 'OPTIONS', from: STRANGER, contact: PRIVATE }),
  row('NAT INVITE', ...proven({ body: NAT_SDP, contact: PRIVATE })),
  row('NAT INVITE with a public Contact', ...proven({ body: SDP })),
  row('NAT INVITE to one who is busy', ...proven({ uri: `sip:carol@${DOMAIN}`, body: NAT_SDP, contact: PRIVATE })),
  row('NAT INVITE of a proxy', {
    from: STRANGER,
    body: NAT_SDP,
    contact: PRIVATE,
    edit: (text) => text.replace(/(\r\nMax-Forwards)/, '\r\nVia: SIP/2.0/UDP 10.9.8.7:5060;branch=z9hG4bKours$1'),
  }),
  row('NAT MESSAGE', ...proven({ method: 'MESSAGE', contact: PRIVATE })),
  row('NAT re-INVITE', { ...NAT_TARGET, headers: [NAT_ROUTE], body: NAT_SDP }),
  row('NAT UPDATE', { method: 'UPDATE', ...NAT_TARGET, headers: [NAT_ROUTE] }),
  row('NAT ACK', { method: 'ACK', ...NAT_TARGET, headers: [NAT_ROUTE], silent: true }),
  row('NAT INFO', { method: 'INFO', ...NAT_TARGET, headers: [NAT_ROUTE] }),
  row('NAT BYE', { method: 'BYE', ...NAT_TARGET, headers: [NAT_ROUTE] }),
];

describe('the stock configuration on both servers', { skip, timeout: 180_000 }, () => {
  let pair: StockPair;
  before(async () => {
    pair = await StockPair.start();
  });
  after(() => pair?.stop());

  for (const [n, one] of ROWS.entries())
    it(one.name, () => pair.compare(one, `127.0.1.${n + 1}`, ALLOWED_STOCK[one.name]));

  it('a listed address needs no password', () =>
    pair.compareFor(row('INVITE of a gateway', { body: SDP }), pair.gateway));
  it('and is no open relay', () =>
    pair.compareFor(
      row('INVITE of a gateway to nobody', { uri: `sip:nobody@${DOMAIN}`, from: STRANGER, body: SDP }),
      pair.gateway,
    ));
});

/** Media relaying is missing: here for good, there because no rtpproxy runs. Signalling is what is compared. */
describe('WITH_NAT on both servers', { skip, timeout: 60_000 }, () => {
  let pair: StockPair;
  before(async () => {
    pair = await StockPair.start(['NAT'], BEHIND);
  });
  after(() => pair?.stop());

  for (const [n, one] of NAT_ROWS.entries())
    it(one.name, () => pair.compare(one, `127.0.4.${n + 1}`, ALLOWED_STOCK[one.name]));
});

it('every difference that is allowed belongs to a row', () => {
  const names = [...ROWS, ...NAT_ROWS].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, 'names are unique');
  assert.deepEqual(
    Object.keys(ALLOWED_STOCK).filter((name) => !names.includes(name)),
    [],
  );
});
