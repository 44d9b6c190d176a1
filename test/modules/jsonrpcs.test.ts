import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { StartError } from '../../src/server/server-api.ts';
import { request, StreamClient, start, testFolder } from '../server/support.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';

const ECHO = '{"jsonrpc":"2.0","method":"core.echo","params":["é",7],"id":1}';

const cfg = (port: number, more: string): string => `
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
${more}
request_route {
  jsonrpc_dispatch();
  xlog("L_ERR", "dispatch $rc, before $jsonrpl(code)\\n");
  jsonrpc_exec('${ECHO}');
  xlog("L_ERR", "$rc $jsonrpl(code) $jsonrpl(text) $jsonrpl(body)\\n");
  jsonrpc_exec('{"jsonrpc":"2.0","method":"no.such","id":"x"}');
  xlog("L_ERR", "$rc $jsonrpl(code) $jsonrpl(text) $jsonrpl(body)\\n");
  jsonrpc_exec('$rm');
  xlog("L_ERR", "$rc $jsonrpl(code) $jsonrpl(text) $jsonrpl(body)\\n");
  sl_send_reply("200", "OK");
}
event_route[xhttp:request] { jsonrpc_dispatch(); xlog("L_ERR", "rc $rc\\n"); }
`;

const OFF = 'modparam("jsonrpcs", "transport", 1)\nmodparam("jsonrpcs", "pretty_format", 0)';

async function post(
  port: number,
  body: string,
): Promise<{ status: number; reason: string; type: string; length: string; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, path: '/RPC', method: 'POST', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      const { statusCode: status = 0, statusMessage: reason = '', headers } = response;
      const { 'content-type': type = '', 'content-length': length = '' } = headers;
      response.on('end', () => resolve({ status, reason, type, length, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('jsonrpcs: script', () => {
  it('jsonrpc_exec() and $jsonrpl: of a reply, of an error, of no JSON', async () => {
    const port = await freePort();
    const { log } = await start(cfg(port, OFF));
    const client = await StreamClient.tcp(port);
    await client.ask(request('OPTIONS', { transport: 'TCP' }));
    client.close();
    const body = '{"jsonrpc":"2.0","result":["é","7"],"id":1}';
    const error = '{"jsonrpc":"2.0","error":{"code":500,"message":"Method Not Found"},"id":"x"}';
    assert.deepEqual(
      log.script.map((line) => Buffer.from(line, 'latin1').toString()),
      [
        'dispatch -1, before <null>',
        `1 200 OK ${body}`,
        `1 500 Method Not Found ${error}`,
        '-1 -32700 Parse error {"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}',
      ],
    );
    assert.ok(log.has('JSONRPC_NO_HTTP'));
  });

  it('jsonrpc_dispatch() answers by HTTP, with the code as status', async () => {
    const port = await freePort();
    const { log } = await start(cfg(port, OFF));
    const good = await post(port, ECHO);
    assert.deepEqual([good.status, good.reason, good.type], [200, 'OK', 'application/json']);
    assert.equal(good.text, '{"jsonrpc":"2.0","result":["é","7"],"id":1}');
    const unknown = await post(port, '{"jsonrpc":"2.0","method":"no.such","id":1}');
    assert.deepEqual([unknown.status, unknown.reason], [500, 'Method Not Found']);
    const garbage = await post(port, 'garbage');
    assert.deepEqual([garbage.status, garbage.reason], [400, 'Parse error']);
    assert.match(garbage.text, /"code":-32700/);
    assert.deepEqual([(await post(port, `[${ECHO.replace(',"id":1', '')}]`)).status], [204]);
    assert.deepEqual(log.script, ['rc 1', 'rc 1', 'rc -1', 'rc 1']);
  });
});

describe('jsonrpcs: places', () => {
  it('the default FIFO and socket are in the run directory, which is made', { skip: peer('perl').skip }, async () => {
    const port = await freePort();
    const runtimeDirectory = join(testFolder(), 'run');
    const { server } = await start(cfg(port, ''), { runtimeDirectory });
    assert.ok(statSync(join(runtimeDirectory, 'kamailio_rpc.fifo')).isFIFO());
    assert.ok(statSync(join(runtimeDirectory, 'kamailio_rpc.sock')).isSocket());
    await server.stop(0);
    assert.equal(existsSync(join(runtimeDirectory, 'kamailio_rpc.fifo')), false);
  });

  it('a default place that cannot be is a warning, a configured one ends the start', async () => {
    const port = await freePort();
    const runtimeDirectory = join(testFolder(), 'no', 'such');
    const { log, server } = await start(cfg(port, 'modparam("jsonrpcs", "transport", 2)'), { runtimeDirectory });
    assert.ok(log.has('JSONRPC_DEFAULT_PLACE'));
    await server.stop(0);
    const configured = 'modparam("jsonrpcs", "transport", 2)\nmodparam("jsonrpcs", "fifo_name", "a.fifo")';
    await assert.rejects(
      start(cfg(await freePort(), configured), { runtimeDirectory }),
      (error) => error instanceof StartError && /fifo:.*a\.fifo/.test(error.message),
    );
  });

  it('without perl everything else runs', async () => {
    const path = process.env.PATH;
    const port = await freePort();
    const folder = testFolder();
    try {
      process.env.PATH = '/nonexistent';
      const { log } = await start(
        cfg(port, `modparam("jsonrpcs", "transport", 4)\nmodparam("jsonrpcs", "dgram_socket", "${folder}/s")`),
      );
      assert.ok(log.has('RPC_DATAGRAM_PERL'));
      assert.equal((await post(port, ECHO)).status, 200);
    } finally {
      process.env.PATH = path;
    }
  });

  it('refuses addresses, modes and accounts that are none', async () => {
    for (const [text, code] of [
      ['modparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1")', 'JSONRPC_ADDRESS'],
      ['modparam("jsonrpcs", "transport", 8)', 'JSONRPC_ADDRESS'],
      [
        'modparam("jsonrpcs", "transport", 8)\nmodparam("jsonrpcs", "tcp_socket", "udp:127.0.0.1:1")',
        'JSONRPC_ADDRESS',
      ],
      ['modparam("jsonrpcs", "fifo_mode", 1000)', 'JSONRPC_MODE'],
      ['modparam("jsonrpcs", "fifo_user", "no-such-user")', 'JSONRPC_ACCOUNT'],
    ] as const) {
      const failing = start(cfg(await freePort(), text));
      await assert.rejects(failing, (error) => error instanceof StartError && error.details.includes(code), text);
    }
  });

  it('a reload keeps the sockets, and answers as the new configuration says', async () => {
    const [port, tcp] = [await freePort(), await freePort()];
    const sockets = `modparam("jsonrpcs", "transport", 10)\nmodparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:${tcp}")`;
    const plain = `${sockets}\nmodparam("jsonrpcs", "pretty_format", 0)`;
    const runtimeDirectory = testFolder();
    const { server, directory, log } = await start(cfg(port, plain), { runtimeDirectory });
    const fifo = join(runtimeDirectory, 'kamailio_rpc.fifo');
    const { ino } = statSync(fifo);
    const ask = async (): Promise<string> => {
      let text = '';
      for await (const part of connect(tcp, '127.0.0.1')
        .setEncoding('utf8')
        .on('connect', function (this: import('node:net').Socket) {
          this.write(ECHO);
        }))
        text += part;
      return text;
    };
    assert.doesNotMatch(await ask(), /\n/);
    writeFileSync(join(directory, 'test.cfg'), cfg(port, sockets));
    await server.reload();
    assert.match(await ask(), /\n\t"result":/);
    assert.equal(statSync(fifo).ino, ino);
    const name = join('/tmp', `trunkline-reply-${process.pid}`);
    execFileSync('mkfifo', [name]);
    execFileSync('sh', [
      '-c',
      `printf '%s' '${ECHO.replace('"id"', `"reply_name":"trunkline-reply-${process.pid}","id"`)}' > ${fifo}`,
    ]);
    let text = '';
    for await (const part of createReadStream(name, 'utf8')) text += part;
    execFileSync('rm', [name]);
    assert.match(text, /\n\t"result":\t\["é", "7"\]/);
    assert.equal(log.has('JSONRPC_DEFAULT_PLACE'), false);
  });
});
