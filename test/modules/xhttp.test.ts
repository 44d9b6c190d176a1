import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { type Started, start, testFolder, until } from '../server/support.ts';
import { freePort } from '../support/ports.ts';
import { makeCertificates } from '../transport/certificates.ts';

const certificates = makeCertificates();

interface HttpResult {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface HttpAsk {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly ca?: Buffer;
}

async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, ca }: HttpAsk = {},
): Promise<HttpResult> {
  const options = { host: '127.0.0.1', port, path, method, headers, agent: false as const };
  const request = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca, servername: 'localhost' });
  request.end(body);
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const part of response.setEncoding('latin1')) text += part;
  const { statusCode: status = 0, statusMessage: reason = '' } = response;
  return { status, reason, headers: response.headers, body: text };
}

const CFG = (port: number, more = '') => `
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
tcp_accept_no_cl=yes
${more}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "xhttp.so"
modparam("xhttp", "url_skip", "^/skip")
request_route { sl_send_reply("200", "SIP"); xhttp_reply("200", "OK", "", "no"); }
event_route[xhttp:request] {
  if ($hu == "/none") { exit; }
  if ($hu =~ "^/facts") {
    xhttp_reply("200", "OK", "text/plain", "$rm|$hu|$ru|$rv|$hdr(X-Foo)|$rb|$si|$Rp|$proto|$ua|$cl|$ci");
    exit;
  }
  if ($hu == "/wait") { usleep("50000"); xhttp_reply("200", "OK", "text/plain", "later"); exit; }
  if ($hu == "/twice") { xhttp_reply("200", "OK", "", "1"); xhttp_reply("200", "OK", "", "2"); exit; }
  if ($hu == "/bad") { xhttp_reply("99", "OK", "", "1"); xhttp_reply("200", "", "", "1"); xhttp_reply("404", "Bad", "", "x"); exit; }
  append_to_reply("X-Bar: yes\\r\\n");
  xhttp_reply("201", "Ma\\nde", "text/html", "<p>$hu</p>");
}
`;

describe('xhttp', () => {
  let port = 0;
  let server: Started;
  before(async () => {
    port = await freePort();
    server = await start(CFG(port));
  });

  it('shows a route the request as Kamailio does', async () => {
    const { status, body, headers } = await ask(port, '/facts?a=1', {
      method: 'POST',
      headers: { 'X-Foo': 'bar', 'User-Agent': 'test' },
      body: 'é',
    });
    assert.equal(status, 200);
    assert.equal(
      Buffer.from(body, 'latin1').toString(),
      `POST|/facts?a=1|<null>|HTTP/1.1|bar|é|127.0.0.1|${port}|tcp|test|2|<null>`,
    );
    assert.equal(headers['content-type'], 'text/plain');
    assert.match(headers.sia as string, /^SIP\/2\.0\/TCP 127\.0\.0\.1:\d+$/);
    assert.equal(headers.server, 'Trunkline');
  });

  it('answers with headers of the route; no text of it ends a line early', async () => {
    const { status, reason, headers, body } = await ask(port, '/x');
    assert.deepEqual([status, reason, headers['x-bar'], body], [201, 'Ma de', 'yes', '<p>/x</p>']);
  });

  it('answers where the route does not: 404; and where url_skip says so', async () => {
    assert.equal((await ask(port, '/none')).status, 404);
    assert.equal((await ask(port, '/skip/facts')).status, 404);
  });

  it('waits for a route that waits', async () => {
    assert.equal((await ask(port, '/wait')).body, 'later');
  });

  it('one answer a request, with a status and a reason', async () => {
    assert.equal((await ask(port, '/twice')).body, '1');
    assert.ok(server.log.has('XHTTP_LATE'));
    assert.equal((await ask(port, '/bad')).body, 'x');
    assert.equal(server.log.lines.filter(({ code }) => code === 'XHTTP_BAD_REPLY').length, 2);
  });

  it('a body that is too large gets 413, one that never comes gets nothing and holds nobody up', async () => {
    assert.equal((await ask(port, '/facts', { method: 'POST', body: Buffer.alloc((1 << 20) + 1) })).status, 413);
    const slow = connect(port, '127.0.0.1');
    slow.write('POST /facts HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
    await once(slow, 'connect');
    assert.equal((await ask(port, '/x')).status, 201);
    slow.destroy();
    await until(() => server.log.has('XHTTP_REQUEST_FAILED'));
  });

  it('SIP goes on over the same port', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bK1;rport\r\nMax-Forwards: 9\r\n' +
        'From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
    );
    const [data] = (await once(socket, 'data')) as [Buffer];
    assert.match(data.toString(), /^SIP\/2\.0 200 SIP/);
    socket.destroy();
    assert.ok(server.log.has('XHTTP_NO_REQUEST'));
  });
});

describe('xhttp and its neighbours', () => {
  it('without the module a SIP port speaks no HTTP', async () => {
    const port = await freePort();
    await start(`listen=tcp:127.0.0.1:${port}\nrequest_route { exit; }`);
    await assert.rejects(ask(port, '/'));
  });

  it('with websocket: upgrades are upgrades, the rest is for the route', async () => {
    const port = await freePort();
    await start(CFG(port, 'loadmodule "websocket.so"'));
    assert.equal((await ask(port, '/x')).status, 201);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'sip');
    await once(socket, 'open');
    assert.equal(socket.protocol, 'sip');
    socket.terminate();
  });

  it('a url_match that does not match, and a route that is missing: 404', async () => {
    const port = await freePort();
    const { log } = await start(
      `listen=tcp:127.0.0.1:${port}\nloadmodule "xhttp.so"\nmodparam("xhttp", "url_match", "^/RPC")\nrequest_route { exit; }`,
    );
    assert.ok(log.has('XHTTP_NO_ROUTE'));
    assert.equal((await ask(port, '/RPC')).status, 404);
  });

  it('HTTPS on a TLS port', { skip: certificates === null && 'the openssl program is missing' }, async () => {
    assert.ok(certificates);
    const folder = testFolder();
    writeFileSync(join(folder, 'server.crt'), certificates.server.certificate);
    writeFileSync(join(folder, 'server.key'), certificates.server.privateKey);
    const port = await freePort();
    await start(
      `enable_tls=yes\nlisten=tls:127.0.0.1:${port}\nloadmodule "tls.so"\nloadmodule "xhttp.so"\n` +
        `modparam("tls", "certificate", "${folder}/server.crt")\nmodparam("tls", "private_key", "${folder}/server.key")\n` +
        'request_route { exit; }\nevent_route[xhttp:request] { xhttp_reply("200", "OK", "", "$proto"); }',
    );
    const { body, headers } = await ask(port, '/', { ca: certificates.ca });
    assert.equal(body, 'tls');
    assert.match(headers.sia as string, /^SIP\/2\.0\/TLS /);
  });
});
