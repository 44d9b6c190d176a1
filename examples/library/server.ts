/** A server inside a program of one's own: checked first, started, stopped. Run: node examples/library/server.ts */
import { checkConfiguration, type LoadOptions, LogSink, startServer } from 'trunkline';

const options: LoadOptions = {
  file: new URL('../trunk/kamailio.cfg', import.meta.url).pathname,
  cwd: process.cwd(),
  defines: [],
  listen: ['udp:127.0.0.1:0'],
  debug: null,
  unsupported: 'error',
  autoAliases: null,
};
const check = await checkConfiguration(options);
if (!check.ok) throw new Error(check.text);
const log = new LogSink({ level: 0, readable: true, colour: false, stream: process.stderr });
const server = await startServer(options, log);
const [socket] = server.sockets;
console.log(`listening on ${socket?.proto} ${socket?.address}: ${(socket?.port ?? 0) > 0}`);
await server.stop(1000);
console.log('stopped');
