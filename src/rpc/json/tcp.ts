import { createServer, type Server, type Socket } from 'node:net';
import { errorText, type JsonEndpoint, type JsonService, MAX_REQUEST } from './endpoint.ts';
import { JsonFramer } from './framer.ts';
import { writeReply } from './write.ts';

/** Milliseconds in which a client must have sent its request. */
const REQUEST_TIME = 10_000;

const MAX_CONNECTIONS = 64;

/** JSON-RPC by TCP as Kamailio has it since 5.8: one request a connection, which ends with the reply. */
export class JsonTcp implements JsonEndpoint {
  service: JsonService;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server, service: JsonService) {
    this.server = server;
    this.service = service;
    server.on('connection', (socket) => this.accept(socket));
    server.on('error', (error) => this.service.report('JSONRPC_SOCKET', errorText(error)));
  }

  /** @throws the system's error */
  static open(host: string, port: number, service: JsonService): Promise<JsonTcp> {
    // A client may say that it has sent everything and go on reading.
    const server = createServer({ allowHalfOpen: true });
    server.maxConnections = MAX_CONNECTIONS;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        resolve(new JsonTcp(server, service));
      });
    });
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    const late = setTimeout(() => socket.destroy(), REQUEST_TIME);
    socket.once('close', () => {
      clearTimeout(late);
      this.sockets.delete(socket);
    });
    socket.on('error', () => {}); // its end is all there is to know
    const framer = new JsonFramer(MAX_REQUEST);
    let asked = false;
    const ask = (request: string): void => {
      asked = true;
      clearTimeout(late);
      socket.pause();
      this.answer(socket, request).catch((error: unknown) =>
        this.service.report('JSONRPC_REPLY_FAILED', `${socket.remoteAddress ?? 'client'}: ${errorText(error)}`),
      );
    };
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      if (asked) return;
      const requests = framer.push(text);
      const [first] = requests ?? [];
      if (requests === null) socket.end(this.service.rpc.refuse(-32600, 'Request too large'));
      else if (first !== undefined) ask(first);
    });
    socket.on('end', () => {
      // What came without a line end, or was cut off: it is answered with an error.
      if (!asked) ask('');
    });
  }

  private async answer(socket: Socket, request: string): Promise<void> {
    const { pieces } = await this.service.rpc.answer(request);
    await writeReply(socket, pieces ?? []);
  }
}
