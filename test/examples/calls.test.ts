/** Each example of the uac README carries a call, and shows the carrier what its page says: here and on Kamailio. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SipMessage } from '../../src/message/message.ts';
import { CarrierSimulator } from '../../src/server/simulator/carrier.ts';
import { type CallResult, PhoneSimulator } from '../../src/server/simulator/phone.ts';
import { type Running, start, startProgram } from '../support/command.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';

const HOST = '127.0.0.1';
const CALLER = '"Alice" <sip:alice@office.example>';

/** One call through one example. */
interface Case {
  readonly file: string;
  /** Number to dial. */
  readonly dial?: string;
  /** Credentials that the carrier wants; none: it lets everybody in. */
  readonly wants?: { readonly realm: string; readonly user: string; readonly password: string };
  /** From and To of the INVITE at the carrier, the caller's and the called number by default. */
  readonly from?: string;
  readonly to?: string;
  /** Final status at the phone, 200 by default. */
  readonly status?: number;
  /** Record-Route parameter that must be there. */
  readonly stored?: string;
}

const TEST = { realm: 'carrier.example', user: 'test', password: 'test' };

function replaced(side: 'from' | 'to'): Case[] {
  const file = `uac_replace_${side}`;
  const [display, uri] = side === 'from' ? ['"Alice" ', 'sip:alice@office.example'] : ['', 'sip:%s@carrier.example'];
  const seen = (text: string): Partial<Case> => (side === 'from' ? { from: text } : { to: text });
  const original = (dial: string): string => uri.replace('%s', dial);
  return [
    { file, dial: '101', ...seen('"Bruce" <sip:bruce@gotham.org>') },
    { file, dial: '102', ...seen(`batman <${original('102')}>`) },
    { file, dial: '103', ...seen(`"batman" <${original('103')}>`) },
    { file, dial: '104', ...seen('<sip:robin@gotham.org>') },
    { file, dial: '105', ...seen(`<${original('105')}>`) },
    { file, dial: '106', ...seen(`${display}<${original('106')}>`) },
    { file: `${file}-uri`, ...seen(`${display}<sip:batman@gotham.org>`) },
  ];
}

const CASES: readonly Case[] = [
  { file: 'rr_from_store_param', from: '<sip:trunk@carrier.example>', stored: 'my_param' },
  { file: 'rr_to_store_param', to: '<sip:100@carrier.example>', stored: 'my_param' },
  { file: 'restore_mode', from: '<sip:trunk@carrier.example>', stored: 'vsf' },
  { file: 'restore_passwd', from: '<sip:trunk@carrier.example>', stored: 'vsf' },
  { file: 'restore_dlg', from: '<sip:trunk@carrier.example>' },
  { file: 'restore_from_avp', from: '"Alice" <sip:trunk@carrier.example>' },
  { file: 'restore_to_avp', to: '<sip:100@carrier.example>' },
  { file: 'credential', wants: { realm: 'domain', user: 'username', password: 'password' } },
  { file: 'credential', wants: TEST, status: 407 },
  { file: 'auth_avps', wants: TEST },
  { file: 'auth_avps', wants: { ...TEST, password: 'other' }, status: 407 },
  { file: 'auth_avps-4.0.3', wants: TEST },
  { file: 'uac_auth', wants: TEST },
  { file: 'uac_auth-4.0.3', wants: TEST },
  // The page's own password is no hash.
  { file: 'uac_auth_mode', wants: TEST, status: 407 },
  ...replaced('from'),
  ...replaced('to'),
  { file: 'uac_restore_from', from: '<sip:trunk@carrier.example>' },
  { file: 'uac_restore_to', to: '<sip:100@carrier.example>' },
];

function nameText(value: SipMessage['from']): string {
  if (value === null) return '';
  return `${value.display === '' ? '' : `${value.display} `}<${value.uri}>`;
}

interface Seen {
  readonly result: CallResult;
  /** Requests as the carrier got them. */
  readonly requests: readonly SipMessage[];
  /** Replies as the phone got them. */
  readonly replies: readonly SipMessage[];
}

/** Places one call between simulators through a server that is started by `launch` for these two ports. */
async function call(plan: Case, launch: (port: number, carrierPort: number) => Running): Promise<Seen> {
  const requests: SipMessage[] = [];
  const replies: SipMessage[] = [];
  const { realm, user, password } = plan.wants ?? TEST;
  const carrier = new CarrierSimulator({
    host: HOST,
    port: 0,
    realm,
    user,
    password,
    challenge: plan.wants === undefined ? 'none' : 'proxy',
    ringAfter: 10,
    answerAfter: 10,
    log: () => {},
    trace: (direction, message) => {
      if (direction === 'received') requests.push(message);
    },
  });
  const phone = new PhoneSimulator(
    HOST,
    0,
    () => {},
    (direction, message) => {
      if (direction === 'received' && !message.isRequest) replies.push(message);
    },
  );
  await carrier.start();
  await phone.start();
  const port = await freePort();
  const server = launch(port, carrier.endpoint.socket.port);
  try {
    await server.output(/listening on|udp: 127\.0\.0\.1:/i);
    // Kamailio says so before its workers read.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const result = await phone.call({
      proxyIp: HOST,
      proxyPort: port,
      requestUri: `sip:${plan.dial ?? '100'}@carrier.example`,
      from: CALLER,
      talkFor: 20,
    });
    return { result, requests, replies };
  } finally {
    server.process.kill('SIGTERM');
    await server.finished();
    await phone.stop();
    await carrier.stop();
  }
}

function judge(plan: Case, { result, requests, replies }: Seen, kamailio = false): void {
  assert.equal(result.status, plan.status ?? 200);
  if (result.status === 200) assert.equal(result.byeStatus, 200);
  const invites = requests.filter(({ method }) => method === 'INVITE');
  const called = `<sip:${plan.dial ?? '100'}@carrier.example>`;
  for (const invite of invites) {
    assert.equal(nameText(invite.from), plan.from ?? CALLER);
    assert.equal(nameText(invite.to), plan.to ?? called);
  }
  if (plan.stored !== undefined)
    assert.match(invites[0]?.raw ?? '', new RegExp(`^Record-Route: <.*;${plan.stored}=`, 'm'));
  // A display name alone is not restored: the page's own rule. So only the URI is compared.
  const uri = CALLER.slice(CALLER.indexOf('<'));
  for (const reply of replies) {
    // Restored by hand, Kamailio's replies inside the dialog keep the new name; ours show the phone its own.
    if (kamailio && plan.file === 'uac_restore_from' && reply.cseq?.method !== 'INVITE') continue;
    assert.ok(nameText(reply.from).endsWith(uri), `the phone saw ${nameText(reply.from)}`);
  }
}

function title({ file, dial, wants, status }: Case): string {
  const asked = wants === undefined ? '' : `, ${wants.user}:${wants.password} in realm ${wants.realm}`;
  return `${file}${dial === undefined ? '' : `, ${dial}`}${asked}${status === undefined ? '' : ` → ${status}`}`;
}

function args(plan: Case, port: number, carrierPort: number): string[] {
  const file = `examples/uac-readme/${plan.file}.cfg`;
  return ['-f', file, '-DD', '-E', '-l', `udp:${HOST}:${port}`, `--subst=/127.0.0.1:5080/${HOST}:${carrierPort}/`];
}

describe('examples of the uac README in use', () => {
  for (const plan of CASES) {
    it(`here: ${title(plan)}`, async () => {
      judge(plan, await call(plan, (port, carrierPort) => start(args(plan, port, carrierPort))));
    });
  }
  const kamailio = peer('kamailio');
  for (const plan of CASES) {
    it(`on Kamailio: ${title(plan)}`, { skip: kamailio.skip }, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'trunkline-kamailio-'));
      try {
        const more = ['-Y', folder, '-w', folder, '-P', join(folder, 'pid'), '-m', '32', '-M', '4', '-n', '1'];
        judge(
          plan,
          await call(plan, (port, carrierPort) =>
            startProgram(kamailio.path, [...args(plan, port, carrierPort), ...more]),
          ),
          true,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
