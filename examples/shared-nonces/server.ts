/** A server that shares with others what nonces were used for. Run: node examples/shared-nonces/server.ts */
import { LogSink, startServer } from 'trunkline';
import { PostgresUses } from './uses.ts';

const useStore = new PostgresUses('postgres://trunkline:secret@192.0.2.5/trunkline');
const options = { file: 'kamailio.cfg', cwd: process.cwd(), defines: [], listen: [], debug: null, autoAliases: null };
const log = new LogSink({ level: 2, readable: false, colour: false, stream: process.stderr });
await startServer({ ...options, unsupported: 'error', useStore }, log);
