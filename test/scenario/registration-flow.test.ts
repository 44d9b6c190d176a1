/** A flow over TCP, on real sockets: keepalives, and a peer that goes silent behind an open connection. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { accountRow, EngineBench } from '../support/registration.ts';

/** Grants every REGISTER, and answers keepalives until it is muted. */
class StreamRegistrar {
  readonly registers: { readonly connection: number; readonly user: string }[] = [];
  pings = 0;
  muted = false;
  private readonly server: Server;
  private readonly sockets: Socket[] = [];

  private constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket) => this.serve(socket));
  }

  static open(): Promise<StreamRegistrar> {
    const server = createServer();
    const made = new StreamRegistrar(server);
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(made)));
  }

  get uri(): string {
    return `sip:127.0.0.1:${(this.server.address() as AddressInfo).port};transport=tcp`;
  }

  get connections(): number {
    return this.sockets.length;
  }

  private serve(socket: Socket): void {
    const connection = this.sockets.push(socket);
    let text = '';
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      for (;;) {
        if (text.startsWith('\r\n\r\n')) {
          this.pings++;
          text = text.slice(4);
          if (!this.muted) socket.write('\r\n');
          continue;
        }
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        const request = text.slice(0, end + 2);
        text = text.slice(end + 4);
        this.registers.push({ connection, user: /^To: <sip:([^@]*)/m.exec(request)?.[1] ?? '' });
        const kept = request.match(/^(?:Via|From|Call-ID|CSeq): .*\r\n/gm)?.join('') ?? '';
        const to = /^To: (.*)\r\n/m.exec(request)?.[1] ?? '';
        const contact = /^Contact: (.*)\r\n/m.exec(request)?.[1] ?? '';
        socket.write(
          `SIP/2.0 200 OK\r\n${kept}To: ${to};tag=r\r\nContact: ${contact};expires=600\r\nContent-Length: 0\r\n\r\n`,
        );
      }
    });
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

describe('a flow over TCP', () => {
  let registrar: StreamRegistrar;
  let bench: EngineBench;
  before(async () => {
    registrar = await StreamRegistrar.open();
    bench = await EngineBench.open({ keepaliveInterval: 0.2 });
  });
  after(async () => {
    await bench?.close();
    await registrar?.close();
  });

  it('a peer that stops answering keepalives is left, and its accounts register by a connection of their own', async () => {
    for (const uuid of ['a', 'b']) bench.engine.add(accountRow(uuid, registrar.uri, { expires: 600 }));
    await bench.until('a', 'registered');
    await bench.until('b', 'registered');
    const answered = (): boolean => bench.engine.registrars().every(({ watched }) => watched === 1);
    await bench.holds(answered, 5_000, () => `no answer was noticed: ${registrar.pings} keepalives`);
    assert.equal(registrar.connections, 1);
    assert.equal(registrar.registers.length, 2);
    registrar.muted = true;
    const again = (): boolean => registrar.registers.length >= 4;
    await bench.holds(again, 5_000, () => JSON.stringify(registrar.registers));
    registrar.muted = false;
    const users = registrar.registers.filter(({ connection }) => connection > 1).map(({ user }) => user);
    assert.deepEqual([...new Set(users)].sort(), ['a', 'b']);
    assert.ok(bench.log.some((line) => line.includes('UAC_REG_FLOW_LOST')));
    await bench.until('a', 'registered');
  });
});
