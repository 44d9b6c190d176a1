/** Contacts over real connections, and keepalives of usrloc, on Kamailio and on Trunkline. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { token } from '../support/sip-peer.ts';

const CFG = `
debug=2
log_stderror=yes
children=1
auto_aliases=no
tcp_connection_lifetime=60
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "timer_interval", 1)
modparam("usrloc", "handle_lost_tcp", 1)
modparam("usrloc", "ka_mode", 4)
modparam("usrloc", "ka_timeout", 3)
modparam("usrloc", "ka_loglevel", 1)
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (registered("location")) sl_send_reply("299", "There"); else sl_send_reply("404", "Gone");
}
event_route[usrloc:contact-expired] { xlog("L_NOTICE", "@@ended $ulc(exp=>addr)\\n"); }
`;

function text(method: string, user: string, via: string, headers: readonly string[]): string {
  return [
    `${method} sip:${user}@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/${via};branch=z9hG4bK${token()}`,
    `From: <sip:${user}@127.0.0.1>;tag=1`,
    `To: <sip:${user}@127.0.0.1>`,
    `Call-ID: ${token()}`,
    `CSeq: 1 ${method}`,
    ...headers,
    'Content-Length: 0\r\n\r\n',
  ].join('\r\n');
}

for (const kind of ['kamailio', 'trunkline'] satisfies readonly ServerKind[]) {
  const skip = kind === 'kamailio' ? peer('kamailio').skip : false;
  describe(`contacts by connections, and keepalives: ${kind}`, { skip, timeout: 60_000 }, () => {
    let server: TestServer;
    const sockets: Socket[] = [];
    const phone = createSocket('udp4');
    /** Users whose phone answers. */
    const answering = new Set<string>();
    const asked: string[] = [];
    before(async () => {
      server = await startServer({ kind, cfg: CFG, listen: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'] });
      phone.bind(0, '127.0.0.1');
      await once(phone, 'listening');
      phone.on('message', (bytes, { port, address }) => {
        const request = bytes.toString('latin1');
        const user = /^OPTIONS sip:(\w+)@/.exec(request)?.[1];
        if (user === undefined) return;
        asked.push(request);
        if (answering.has(user)) phone.send(request.replace(/^OPTIONS.*/, 'SIP/2.0 200 OK'), port, address);
      });
    });
    after(async () => {
      for (const socket of sockets) socket.destroy();
      phone.close();
      await server?.stop();
    });

    async function registerByTcp(user: string): Promise<Socket> {
      const socket = connect(server.port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
      const contact = `Contact: <sip:${user}@127.0.0.1:${socket.localPort};transport=tcp>`;
      socket.write(text('REGISTER', user, `TCP 127.0.0.1:${socket.localPort}`, [contact]));
      const [reply] = (await once(socket, 'data')) as [Buffer];
      assert.match(reply.toString('latin1'), /^SIP\/2\.0 200/);
      return socket;
    }

    async function status(user: string): Promise<string> {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.send(text('MESSAGE', user, `UDP 127.0.0.1:${socket.address().port}`, []), server.port, '127.0.0.1');
      const [reply] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      return reply.toString('latin1').slice(8, 11);
    }

    it('a contact goes with its connection; others stay', async () => {
      const lost = await registerByTcp('lost');
      await registerByTcp('kept');
      assert.deepEqual([await status('lost'), await status('kept')], ['299', '299']);
      lost.destroy();
      await server.logged(/@@ended sip:lost@/);
      assert.deepEqual([await status('lost'), await status('kept')], ['404', '299']);
    });

    it('a phone that answers stays, with the time it took in the log; a silent one ends', async () => {
      answering.add('alive');
      for (const user of ['alive', 'silent']) {
        const { port } = phone.address();
        const contact = `Contact: <sip:${user}@127.0.0.1:${port}>`;
        phone.send(text('REGISTER', user, `UDP 127.0.0.1:${port}`, [contact]), server.port, '127.0.0.1');
      }
      await server.logged(
        /keepalive roundtrip: \d+\.\d{6} sec - ruid \[uloc-[^\]]+\] to-uri: \[sip:alive@kamailio\.org\] remote-addr: \[udp:127\.0\.0\.1:\d+\]/,
      );
      // Kamailio leaves it ten seconds more.
      await server.logged(/@@ended sip:silent@/, 30_000);
      assert.equal(await status('alive'), '299');
      const request = asked.find((one) => one.startsWith('OPTIONS sip:alive@')) ?? '';
      assert.match(request, /^From: <sip:server@kamailio\.org>;tag=uloc-/m);
      assert.match(request, /^To: <sip:alive@kamailio\.org>\r$/m);
      assert.ok(!asked.some((one) => one.includes('sip:kept@')), 'ka_mode 4: by UDP only');
    });
  });
}
