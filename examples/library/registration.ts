/** Accounts kept registered by a program of one's own, here at a registrar of twenty lines. Run: node examples/library/registration.ts */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { openRegistrations } from 'trunkline/uac';

// A registrar that challenges once and then grants.
const registrar = createSocket('udp4');
registrar.on('message', (data, from) => {
  const request = data.toString('latin1');
  const copied = request.split('\r\n').filter((line) => /^(Via|To|From|Call-ID|CSeq|Contact|Expires):/.test(line));
  const known = request.includes('\r\nAuthorization: ');
  const challenge = 'WWW-Authenticate: Digest realm="carrier", nonce="n1", qop="auth", algorithm=SHA-256';
  const lines = known ? ['SIP/2.0 200 OK', ...copied] : ['SIP/2.0 401 Unauthorized', ...copied, challenge];
  registrar.send(`${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, from.port, from.address);
});
registrar.bind(0, '127.0.0.1');
await once(registrar, 'listening');

const { engine, close } = await openRegistrations({ listen: [{ proto: 'udp', host: '127.0.0.1', port: 0 }] });
const registered = new Promise<void>((resolve) => {
  engine.onChange(({ account, from, to }) => {
    console.log(`${account.row.uuid}: ${from} -> ${to}`);
    if (to === 'registered') resolve();
  });
});
engine.add({
  uuid: 'trunk1',
  localUser: '100',
  localDomain: 'pbx.example.com',
  remoteUser: '4930123',
  remoteDomain: 'carrier.example.net',
  realm: '',
  authUser: '4930123',
  authPassword: 'secret',
  authHa1: '',
  proxy: `sip:127.0.0.1:${registrar.address().port}`,
  expires: 600,
  flags: 0,
  delay: 0,
  contactAddr: '',
  contactUser: '',
  socket: '',
});
await registered;
console.log(`online: ${engine.online}, granted: ${engine.find('l_uuid', 'trunk1')?.granted} s`);
await close(1000);
registrar.close();
