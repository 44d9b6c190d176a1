/**
 * `npm run bench [row…] [--rounds N] [--units N] [--long] [--own]`: CPU (user + system of all server processes) per unit of work, for Kamailio
 * and for this server in turn in one run with the same configuration file, and the ratio of the medians. Without Kamailio, or with --own, only
 * our own figures. Rows: trunk, relay, stateful, stateless, auth, auth-sha256, auth-db, parse, typescript (the trunk call routed by kamailio.cfg and by TypeScript), reg-start; by name or with --long also reg-steady and reg-million.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runAuthDbRows } from './auth-db-rows.ts';
import { runRegistrationRows } from './registration-rows.ts';
import { measure, type Reading, type Row } from './support/measure.ts';
import { ROOT } from './support/server.ts';
import { median } from './support/values.ts';
import { runTypeScriptRow } from './typescript-row.ts';

const ROWS: readonly Row[] = [
  {
    name: 'trunk',
    what: 'trunk call (401, uac_auth, record_route, uac_replace_from)',
    units: 6000,
    warmUp: 2000,
    outstanding: 32,
    budget: 0.6,
  },
  {
    name: 'relay',
    what: 't_relay of OPTIONS, 64 outstanding',
    units: 40000,
    warmUp: 10000,
    outstanding: 64,
    budget: 0.8,
  },
  {
    name: 'stateful',
    what: 'stateful reply (t_newtran, t_reply)',
    units: 60000,
    warmUp: 10000,
    outstanding: 64,
    budget: 0.6,
  },
  {
    name: 'stateless',
    what: 'stateless reply (sl_send_reply)',
    units: 80000,
    warmUp: 10000,
    outstanding: 64,
    budget: 0.7,
  },
  {
    name: 'auth',
    what: 'REGISTER challenged and verified (pv_www_authenticate, qop auth)',
    units: 60000,
    warmUp: 20000,
    outstanding: 64,
    budget: 0.7,
  },
  {
    name: 'auth-sha256',
    what: 'the same with SHA-256 (RFC 8760)',
    units: 60000,
    warmUp: 20000,
    outstanding: 64,
    budget: 0.7,
    mode: 'auth',
    algorithm: 'SHA-256',
  },
];

const args = process.argv.slice(2);

function option(name: string, value: number): number {
  const at = args.indexOf(name);
  return at < 0 ? value : Number(args[at + 1]);
}

/** The parser alone, in a process of its own: messages per second of CPU. */
function measureParser(): void {
  const run = spawnSync(process.execPath, [join(ROOT, 'bench', 'parse.ts')], { encoding: 'utf8', timeout: 120_000 });
  const line = run.stdout.split('\n').findLast((text) => text.startsWith('median')) ?? 'parse: no result';
  process.stdout.write(
    `parse     an INVITE of 1179 bytes to what a proxy needs, ${line.replace(/ \(.*$/, '')}; budget 500,000\n`,
  );
}

const wanted = args.filter((arg, i) => !arg.startsWith('--') && !(args[i - 1] ?? '').startsWith('--'));
const rounds = option('--rounds', 3);
const rows = ROWS.filter((row) => wanted.length === 0 || wanted.includes(row.name));
const hasKamailio = spawnSync('kamailio', ['-v']).status === 0 && !args.includes('--own');
const pad = (text: string, width: number): string => text.padStart(width);

if (!hasKamailio) process.stdout.write('kamailio is not installed (or --own was given): only our own figures\n');
if (rows.length > 0) {
  process.stdout.write(
    `${'row'.padEnd(10)}${pad('kamailio µs', 12)}${pad('trunkline µs', 14)}${pad('ratio', 8)}${pad('budget', 8)}${pad('MiB', 7)}${pad('failed', 8)}\n`,
  );
}
for (const row of rows) {
  const readings: { kamailio: Reading[]; trunkline: Reading[] } = { kamailio: [], trunkline: [] };
  const units = option('--units', row.units);
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${row.name}: round ${round + 1} of ${rounds} `);
    if (hasKamailio) readings.kamailio.push(await measure(row, 'kamailio', units));
    readings.trunkline.push(await measure(row, 'trunkline', units));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const ours = median(readings.trunkline.map((reading) => reading.microseconds));
  const theirs = hasKamailio ? median(readings.kamailio.map((reading) => reading.microseconds)) : 0;
  const memory = median(readings.trunkline.map((reading) => reading.memory));
  const failed = (list: readonly Reading[]): number => list.reduce((sum, reading) => sum + reading.failed, 0);
  const ratio = theirs === 0 ? '-' : (ours / theirs).toFixed(2);
  process.stdout.write(
    `${row.name.padEnd(10)}${pad(theirs === 0 ? '-' : theirs.toFixed(1), 12)}${pad(ours.toFixed(1), 14)}${pad(ratio, 8)}${pad(row.budget.toFixed(2), 8)}${pad(memory.toFixed(0), 7)}${pad(`${failed(readings.kamailio)}/${failed(readings.trunkline)}`, 8)}\n`,
  );
}
if (wanted.length === 0 || wanted.includes('parse')) measureParser();
if (wanted.length === 0 || wanted.includes('typescript')) await runTypeScriptRow(rounds, option('--units', 6000));
if (wanted.length === 0 || wanted.includes('usrloc')) {
  // In a process of its own: the memory that it measures is its alone.
  execFileSync(process.execPath, ['--max-old-space-size=8192', join(ROOT, 'bench/usrloc.ts')], { stdio: 'inherit' });
}
if (wanted.length === 0 || wanted.includes('auth-db')) {
  await runAuthDbRows({ hasKamailio, rounds, units: args.includes('--units') ? option('--units', 0) : null });
}
await runRegistrationRows({
  wanted,
  long: args.includes('--long'),
  hasKamailio,
  rounds,
  units: args.includes('--units') ? option('--units', 0) : null,
});
