/**
 * What `npm test` runs: all suites under test/, or those that the arguments name (`npm test -- test/cli`).
 *
 * Suites without sockets go first, two files at a time; suites that start servers and measure time go one after the other,
 * so that none disturbs another. A file that failed is run once more, alone: many talk to other programs, whose pace is not ours. One that passes
 * then is named at the end; one that fails again has failed. At the end: the skipped tests by name, each with its reason, and one summary of all
 * rounds in the form of the TAP reporter.
 */
import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Folders whose suites start servers or programs. */
const SERIAL = new Set(['cli', 'differential', 'examples', 'interop', 'scenario', 'server', 'support']);

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
      if (event.data.file !== undefined) this.failed.add(event.data.file);
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

function isSerial(file: string): boolean {
  const folder = relative(join(ROOT, 'test'), file).split('/')[0] ?? '';
  return SERIAL.has(folder);
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
const started = performance.now();
const result = new Result();
await runRound(
  files.filter((file) => !isSerial(file)),
  Math.min(2, availableParallelism()),
  result,
);
await runRound(
  files.filter((file) => isSerial(file)),
  1,
  result,
);

if (!result.success && result.failed.size > 0) await again([...result.failed].sort(), result);

if (result.skipped.size > 0) {
  process.stdout.write(`\n# ${[...result.skipped.values()].flat().length} skipped:\n`);
  for (const [where, tests] of result.skipped) process.stdout.write(`#   ${where}\n#     ${tests.join(', ')}\n`);
}
process.stdout.write('\n');
const names: Readonly<Record<string, string>> = { passed: 'pass', failed: 'fail' };
for (const [name, count] of result.counts) process.stdout.write(`# ${names[name] ?? name} ${count}\n`);
process.stdout.write(`# duration_ms ${(performance.now() - started).toFixed(3)}\n`);
// No test at all is a fault of the set-up, not a success.
process.exitCode = result.success && (result.counts.get('tests') ?? 0) > 0 ? 0 : 1;
