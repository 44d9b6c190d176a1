import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { command, start, startProgram } from '../support/command.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';

async function ports(): Promise<string[]> {
  return ['--port', String(await freePort()), '--carrier-port', String(await freePort())];
}

describe('trunkline demo', () => {
  for (const challenge of ['401', '407']) {
    it(`places a call through a carrier that answers ${challenge}`, async () => {
      const { code, stdout, stderr } = await command(['demo', '--once', '--challenge', challenge, ...(await ports())]);
      assert.equal(stderr, '');
      assert.equal(code, 0, stdout);
      assert.match(stdout, /The call went through/);
      assert.match(stdout, /got 100, 180, 200, and 200 to its BYE/);
      assert.match(stdout, /its From in every reply: "Alice" <sip:alice@office\.example>$/m);
      assert.match(stdout, /challenged once; CSeq of the INVITE 1 then 2/);
      assert.match(stdout, /From in all \d+ requests: <sip:anonymous@anonymous\.invalid>$/m);
    });
  }

  it('draws the ladder without line characters where UTF-8 is not promised', async () => {
    const env = { LC_ALL: 'C' };
    const { code, stdout } = await command(['demo', '--once', ...(await ports())], { env });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\|-- INVITE -+>\|/);
    assert.doesNotMatch(stdout, /[^\x00-\x7f]/);
  });

  it('says which port is taken and how to take another', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String(taken.address().port);
    try {
      const other = String(await freePort());
      const server = await command(['demo', '--once', '--port', port, '--carrier-port', other]);
      assert.equal(server.code, 1);
      assert.match(server.stderr, new RegExp(`UDP port ${port} .* is in use.*\\[CLI_DEMO_PORT\\]`));
      assert.match(server.stderr, /npm start -- --port \d+/);
      const carrier = await command(['demo', '--once', '--port', other, '--carrier-port', port]);
      assert.equal(carrier.code, 1);
      assert.match(carrier.stderr, /npm start -- --carrier-port \d+/);
    } finally {
      taken.close();
    }
  });

  it('stays up for own calls until Ctrl-C', { skip: peer('sipp').skip }, async () => {
    const [option = '', port = '', ...rest] = await ports();
    const demo = start(['demo', option, port, ...rest]);
    await demo.output(/The server stays up/);
    const call = ['-sf', 'examples/trunk/sipp-call.xml', '-m', '1', `127.0.0.1:${port}`, '-i', '127.0.0.1', '-nostdin'];
    const sipp = await startProgram(peer('sipp').path, call).finished();
    assert.equal(sipp.code, 0, sipp.stdout.slice(-2000));
    await demo.output(/INVITE \+ auth[\s\S]*INVITE \+ auth/);
    demo.process.kill('SIGINT');
    const { code, stdout } = await demo.finished();
    assert.equal(code, 0);
    assert.match(stdout, /Stopping\.\n$/);
  });
});
