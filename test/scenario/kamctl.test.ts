/** Kamailio's own tools, unchanged, and what else operators have, against the JSON-RPC server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { peer } from '../support/peers.ts';
import { serverUnderTest, startServer, type TestServer } from '../support/servers.ts';

const run = promisify(execFile);

const cfg = (directory: string): string => `
log_stderror=yes
children=1
tcp_accept_no_cl=yes
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tmx.so"
loadmodule "kex.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 7)
modparam("jsonrpcs", "fifo_name", "${directory}/rpc.fifo")
modparam("jsonrpcs", "dgram_socket", "${directory}/rpc.sock")
request_route { exit; }
event_route[xhttp:request] {
  if ($si != "127.0.0.1") { xhttp_reply("403", "Forbidden", "text/plain", ""); exit; }
  if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; }
  xhttp_reply("404", "Not Found", "text/plain", "nothing here");
}
`;

describe('tools of operators', () => {
  let directory = '';
  let server: TestServer;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'trunkline-kamctl-'));
    const listen = ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'];
    server = await startServer({ kind: serverUnderTest, cfg: cfg(directory), listen });
    writeFileSync(join(directory, '.kamctlrc'), `CTLENGINE=RPCFIFO\nRPCFIFOPATH=${directory}/rpc.fifo\n`);
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What kamctl prints. */
  async function kamctl(...words: readonly string[]): Promise<string> {
    const { stdout } = await run(peer('kamctl').path, words, {
      env: { ...process.env, HOME: directory },
      timeout: 10_000,
    });
    return stdout;
  }

  /** What kamctl makes of a reply, whatever its layout. */
  async function result(...words: readonly string[]): Promise<unknown> {
    return (JSON.parse(await kamctl(...words)) as { result: unknown }).result;
  }

  describe('kamctl by FIFO', { skip: peer('kamctl').skip }, () => {
    it('rpc: parameters typed as it types them, and errors', async () => {
      assert.match(`${await result('rpc', 'core.version')}`, /^\w+ \d+\.\d+\.\d+/);
      assert.deepEqual(await result('rpc', 'core.echo', 'a b', '5', 's:7', 'é'), ['a b', '5', '7', 'é']);
      const error = JSON.parse(await kamctl('rpc', 'no.such')) as { error: unknown };
      assert.deepEqual(error.error, { code: 500, message: 'Method Not Found' });
    });

    it('uptime, ps, stats', async () => {
      assert.deepEqual(Object.keys((await result('uptime')) as object), ['now', 'up_since', 'uptime']);
      const [first] = (await result('ps')) as Record<string, unknown>[];
      assert.deepEqual(Object.keys(first ?? {}), ['IDX', 'PID', 'DSC']);
      const statistics = (await result('stats', 'sl')) as string[];
      assert.ok(statistics.includes('sl:200_replies = 0'), statistics.join('\n'));
      assert.ok(((await result('stats')) as string[]).some((line) => line.startsWith('tmx:active_transactions = ')));
    });
  });

  it('curl by HTTP', { skip: peer('curl').skip }, async () => {
    const ask = async (path: string, body: string): Promise<string> => {
      const words = ['-s', '-i', '-m', '5', '-d', body, `http://127.0.0.1:${server.port}${path}`];
      return (await run(peer('curl').path, words)).stdout;
    };
    const good = await ask('/RPC', '{"jsonrpc":"2.0","method":"core.echo","params":["x","y"],"id":"a"}');
    assert.match(good, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(good, /\r\nContent-Type: application\/json\r\n/);
    assert.match(good, /\r\nSia: SIP\/2\.0\/TCP 127\.0\.0\.1:\d+\r\n/);
    assert.match(good, /\r\n\r\n\{\n\t"jsonrpc":\t"2\.0",\n\t"result":\t\["x", "y"\],\n\t"id":\t"a"\n\}$/);
    assert.match(
      await ask('/RPC', '{"jsonrpc":"2.0","method":"no.such","id":1}'),
      /^HTTP\/1\.1 500 Method Not Found\r\n/,
    );
    assert.match(await ask('/other', ''), /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*nothing here$/);
  });
});
