/**
 * What `npm test` runs: all suites under test/, or those that the arguments name (`npm test -- test/cli`).
 *
 * Two files go at a time, but for those of {@link ALONE}, which go one after the other at the end. A file that failed is run once more, alone: many
 * talk to other programs, whose pace is not ours. One that passes then is named at the end; one that fails again has failed. At the end: the skipped
 * tests by name, each with its reason, the files that took longest, and one summary of all rounds in the form of the TAP reporter.
 *
 * The tests start programs from the sources some hundred times: what Node makes of the sources once (types removed, compiled) is kept for the next
 * process in a folder that goes with the run. NODE_COMPILE_CACHE names another one, and NODE_DISABLE_COMPILE_CACHE=1 goes without.
 */
import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Files that nothing may run beside, and why. Others wait for what happens, however long it takes. */
const ALONE: Readonly<Record<string, string>> = {
  'test/auth/enumeration-time.test.ts': 'compares times of a few microseconds',
  'test/scenario/auth-attacks-flood.test.ts': 'floods a server, no datagram may be lost',
  'test/scenario/fork-loss.test.ts': 'every loss is one that the test made: retransmissions are bounded',
  'test/scenario/registrar.test.ts': '500 phones of SIPp, whose receive buffer is small',
  'test/scenario/registration-chaos.test.ts': 'times of refreshes and of their spread',
  'test/scenario/registration-server.test.ts': 'times of refreshes, rates of REGISTERs',
  'test/scenario/registration.test.ts': 'times of refreshes and repetitions, many accounts at once',
  'test/scenario/sipp-calls.test.ts': 'SIPp at a high rate of calls, every message counted',
  'test/scenario/sipp-loss.test.ts': 'every loss is one that the test made: retransmissions are bounded',
  'test/scenario/sipp-trunk.test.ts': 'SIPp at a high rate of calls, no retransmission is expected',
  'test/scenario/whole-story.test.ts': 'on a busy machine the ACK of a call through the original is lost now and then',
  'test/server/life.test.ts': 'how long a stop takes',
};

/** How many of the slowest files are listed. */
const SLOWEST = 10;

/** Milliseconds that one test file may take before it counts as hanging. */
const FILE_TIMEOUT = 600_000;

const COUNTED = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const;

type Counts = Readonly<Partial<Record<(typeof COUNTED)[number], number>>>;

/** Lines with which node:test ends each round; one summary of both is printed instead. */
const ROUND_SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

class Result {
  readonly counts = new Map<string, number>(COUNTED.map((name) => [name, 0]));
  /** Names of skipped tests, by file and reason. */
  readonly skipped = new Map<string, string[]>();
  /** Files in which something failed. */
  readonly failed = new Set<string>();
  /** Milliseconds that each file took. */
  readonly took = new Map<string, number>();
  success = true;

  /** Keeps book of one event; false when it is not to be shown. */
  take(event: TestEvent): boolean {
    if (event.type === 'test:pass' && event.data.skip !== undefined && event.data.skip !== false) {
      const { file, name, skip } = event.data;
      const reason = typeof skip === 'string' ? skip : 'no reason given';
      const key = `${file === undefined ? 'somewhere' : relative(ROOT, file)}: ${reason}`;
      this.skipped.set(key, [...(this.skipped.get(key) ?? []), name]);
    }
    if (event.type === 'test:fail' && event.data.todo === undefined) {
      this.success = false;
      // Where the test is written: it may be a file that several suites share, which has no tests by itself.
      if (event.data.file?.endsWith('.test.ts')) this.failed.add(event.data.file);
    }
    if (event.type === 'test:summary' && event.data.file !== undefined) {
      this.took.set(event.data.file, event.data.duration_ms);
      if (!event.data.success) this.failed.add(event.data.file);
    }
    if (event.type === 'test:summary' && event.data.file === undefined) {
      const counts: Counts = event.data.counts;
      for (const name of COUNTED) this.counts.set(name, (this.counts.get(name) ?? 0) + (counts[name] ?? 0));
      if (!event.data.success) this.success = false;
    }
    return !(event.type === 'test:diagnostic' && ROUND_SUMMARY.test(event.data.message));
  }
}

/** Test files that the arguments name: files, folders, or everything. */
function selectFiles(args: readonly string[]): string[] {
  const roots = args.length === 0 ? ['test'] : args;
  const files = roots.flatMap((path) => {
    const absolute = resolve(ROOT, path);
    if (statSync(absolute, { throwIfNoEntry: false })?.isFile()) return [absolute];
    return globSync('**/*.test.ts', { cwd: absolute }).map((file) => join(absolute, file));
  });
  return [...new Set(files)].sort();
}

function goesAlone(file: string): boolean {
  return relative(ROOT, file) in ALONE;
}

async function runRound(files: readonly string[], concurrency: number, result: Result): Promise<void> {
  if (files.length === 0) return;
  const events = run({ files: [...files], concurrency, timeout: FILE_TIMEOUT });
  const shown = Readable.from(
    (async function* () {
      for await (const event of events as AsyncIterable<TestEvent>) if (result.take(event)) yield event;
    })(),
  );
  const report = shown.compose(new spec());
  for await (const text of report) process.stdout.write(text as string);
}

/** Runs files that failed once more, alone; what passes then has passed. */
async function again(files: readonly string[], first: Result): Promise<void> {
  process.stdout.write(`\n# once more, alone: ${files.map((file) => relative(ROOT, file)).join(', ')}\n`);
  const second = new Result();
  await runRound(files, 1, second);
  const before = first.counts.get('failed') ?? 0;
  const after = second.counts.get('failed') ?? 0;
  first.counts.set('failed', after);
  first.counts.set('passed', (first.counts.get('passed') ?? 0) + Math.max(0, before - after));
  first.success = second.success && (second.counts.get('tests') ?? 0) > 0;
  const passed = files.filter((file) => !second.failed.has(file)).map((file) => relative(ROOT, file));
  if (passed.length > 0) process.stdout.write(`\n# failed once, passed alone: ${passed.join(', ')}\n`);
}

const files = selectFiles(process.argv.slice(2));
if (files.length === 0) {
  process.stderr.write(`test/run.ts: no test files under ${process.argv.slice(2).join(' ')}\n`);
  process.exit(1);
}
for (const file of Object.keys(ALONE)) {
  if (statSync(join(ROOT, file), { throwIfNoEntry: false }) !== undefined) continue;
  process.stderr.write(`test/run.ts: ${file} is to go alone and is not there\n`);
  process.exit(1);
}
if (process.env.NODE_COMPILE_CACHE === undefined) {
  const cache = mkdtempSync(join(tmpdir(), 'trunkline-compiled-'));
  process.on('exit', () => rmSync(cache, { recursive: true, force: true }));
  process.env.NODE_COMPILE_CACHE = cache;
}
const started = performance.now();
const result = new Result();
await runRound(
  files.filter((file) => !goesAlone(file)),
  Math.min(2, availableParallelism()),
  result,
);
await runRound(
  files.filter((file) => goesAlone(file)),
  1,
  result,
);

if (!result.success && result.failed.size > 0) await again([...result.failed].sort(), result);

if (result.skipped.size > 0) {
  process.stdout.write(`\n# ${[...result.skipped.values()].flat().length} skipped:\n`);
  for (const [where, tests] of result.skipped) process.stdout.write(`#   ${where}\n#     ${tests.join(', ')}\n`);
}
const slowest = [...result.took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
if (result.took.size > SLOWEST) {
  process.stdout.write('\n# slowest files:\n');
  for (const [file, took] of slowest)
    process.stdout.write(`#   ${(took / 1000).toFixed(1)} s ${relative(ROOT, file)}\n`);
}
process.stdout.write('\n');
const names: Readonly<Record<string, string>> = { passed: 'pass', failed: 'fail' };
for (const [name, count] of result.counts) process.stdout.write(`# ${names[name] ?? name} ${count}\n`);
process.stdout.write(`# duration_ms ${(performance.now() - started).toFixed(3)}\n`);
// No test at all is a fault of the set-up, not a success.
process.exitCode = result.success && (result.counts.get('tests') ?? 0) > 0 ? 0 : 1;
