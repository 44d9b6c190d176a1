/** SIPp as the phone and as the carrier of the trunk example. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CarrierSimulator } from '../../src/server/simulator/carrier.ts';
import { PhoneSimulator } from '../../src/server/simulator/phone.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { serverUnderTest, startServer, type TestServer } from '../support/servers.ts';
import { type SippResult, startSipp } from '../support/sipp.ts';
import { EXAMPLE } from './trunk.ts';

/** Places SIPp calls through the example; how both sides saw them. */
async function calls(
  carrierScenario: string,
  count: number,
): Promise<{ readonly caller: SippResult; readonly carrier: SippResult; readonly log: string }> {
  const port = await freePort();
  const server = await startServer({
    kind: serverUnderTest,
    file: EXAMPLE,
    defines: [`CARRIER="sip:127.0.0.1:${port}"`],
  });
  try {
    const carrier = await startSipp({ scenario: carrierScenario, port, calls: count, timeout: 90 });
    const caller = await startSipp({
      scenario: 'caller.xml',
      remotePort: server.port,
      calls: count,
      rate: 100,
      timeout: 80,
    });
    const seen = await caller.done;
    // The carrier waits for repetitions a while after its last call.
    await Promise.race([carrier.done, new Promise((resolve) => setTimeout(resolve, 15_000))]);
    carrier.stop();
    return { caller: seen, carrier: await carrier.done, log: server.tail(20) };
  } finally {
    await server.stop();
  }
}

describe('SIPp on both sides', { skip: peer('sipp').skip }, () => {
  for (const [scenario, what] of [
    ['carrier-401.xml', '401 with qop, SIPp checks the answer'],
    ['carrier-407.xml', '407 without qop'],
  ] as const) {
    it(`200 calls, ${what}`, async () => {
      const { caller, carrier, log } = await calls(scenario, 200);
      assert.deepEqual([caller.successful, caller.failed], [200, 0], `${caller.errors}\n${log}`);
      assert.deepEqual([carrier.successful, carrier.failed], [200, 0], `${carrier.errors}\n${log}`);
    });
  }
});

describe('challenges that SIPp cannot check', () => {
  const variants = [
    { algorithms: ['SHA-256'], qop: ['auth'] },
    { algorithms: ['SHA-512-256'], qop: ['auth'] },
    { algorithms: ['MD5-sess'], qop: ['auth'] },
    { algorithms: ['SHA-256-sess'], qop: ['auth'] },
    { algorithms: ['SHA-256'], qop: ['auth-int'] },
    { algorithms: ['MD5', 'SHA-256'], qop: ['auth', 'auth-int'] },
  ] as const;
  const port = { carrier: 0 };
  let server: TestServer;
  before(async () => {
    port.carrier = await freePort();
    server = await startServer({
      kind: serverUnderTest,
      file: EXAMPLE,
      defines: [`CARRIER="sip:127.0.0.1:${port.carrier}"`],
    });
  });
  after(() => server?.stop());

  for (const { algorithms, qop } of variants) {
    for (const challenge of ['www', 'proxy'] as const) {
      it(`${challenge === 'www' ? 401 : 407} with ${algorithms.join(' and ')}, qop ${qop.join(' or ')}`, async () => {
        const lines: string[] = [];
        const carrier = new CarrierSimulator({
          host: '127.0.0.1',
          port: port.carrier,
          realm: 'carrier.example.com',
          user: 'test',
          password: 'test',
          challenge,
          algorithms,
          qop,
          ringAfter: 5,
          answerAfter: 5,
          log: (line) => lines.push(line),
        });
        const phone = new PhoneSimulator('127.0.0.1', 0, (line) => lines.push(line));
        await carrier.start();
        await phone.start();
        try {
          const result = await phone.call({
            proxyIp: '127.0.0.1',
            proxyPort: server.port,
            requestUri: 'sip:+15551234@carrier.example.com',
            from: '"Alice A" <sip:alice@atlanta.example.com>',
            talkFor: 20,
          });
          assert.deepEqual([result.status, result.byeStatus], [200, 200], `${lines.join('\n')}\n${server.tail(10)}`);
          assert.equal(result.fromSeen, 'sip:alice@atlanta.example.com');
          assert.equal(carrier.challenged, 1, 'one challenge, one answer');
          const strongest = algorithms.at(-1) ?? '';
          assert.ok(
            lines.some((line) => line.includes(`digest ${strongest} is right`)),
            lines.join('\n'),
          );
        } finally {
          await phone.stop();
          await carrier.stop();
        }
      });
    }
  }
});
