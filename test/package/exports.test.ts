import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..', '..');
const LIBRARY = join(ROOT, 'examples', 'library');

/** What each example prints, and so what each entry point is good for on its own. */
const PRINTS: Readonly<Record<string, readonly RegExp[]>> = {
  'server.ts': [/^listening on udp 127\.0\.0\.1: true$/m, /^stopped$/m],
  'message.ts': [/^OPTIONS from "Al" number 7$/m, /^SIP\/2\.0 200 OK$/m],
  'digest.ts': [/^Digest username="trunk", .*SHA-256$/m],
  'transaction.ts': [/^no answer after 10 sends$/m],
  'registration.ts': [
    /^trunk1: .* -> registered$/m,
    /^online: 1, granted: 600 s$/m,
    /^trunk1: unregistering -> unregistered$/m,
  ],
  'testing.ts': [/^Busy Here$/m, /^true$/m],
  'uac.ts': [/^vsf=AAAAAAMNHQ4ELiETAxUGFQwACgoGbXBsZS5jb20-$/m, /sip:alice@atlanta\.example\.com/],
};

test('every entry point of the package is built and has an example', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>;
  };
  for (const [name, entry] of Object.entries(exports)) {
    if (typeof entry === 'string') continue; // package.json itself
    const { types, default: code } = entry;
    const source = code.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    assert.ok(readFileSync(join(ROOT, source), 'utf8').length > 0, `${name}: ${source}`);
    assert.equal(types, code.replace(/\.js$/, '.d.ts'));
    assert.ok(PRINTS[`${name === '.' ? 'server' : name.slice(2)}.ts`], `examples/library has none for ${name}`);
  }
});

/** Time of the newest file of a folder and those below it. */
function newest(dir: string): number {
  return Math.max(...readdirSync(dir, { recursive: true }).map((name) => statSync(join(dir, String(name))).mtimeMs));
}

/** Why the built package cannot be tried; empty when it can. */
function unbuilt(): string {
  const built = join(ROOT, 'dist', 'index.js');
  if (!existsSync(built)) return 'the package is not built: npm run build';
  return newest(join(ROOT, 'src')) > statSync(built).mtimeMs
    ? 'the build is older than the sources: npm run build'
    : '';
}

const skip = unbuilt() || false;

for (const file of readdirSync(LIBRARY)) {
  test(`examples/library/${file} runs on the built package`, { timeout: 60_000, skip }, () => {
    const run = spawnSync(process.execPath, [join(LIBRARY, file)], { encoding: 'utf8', timeout: 50_000, cwd: ROOT });
    for (const pattern of PRINTS[file] ?? []) assert.match(run.stdout, pattern, run.stderr);
  });
}

test('a SQLite database opens in the built package, in a thread with a file of its own', {
  timeout: 60_000,
  skip,
}, () => {
  const script = `
    import { openDatabase } from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist', 'storage', 'index.js')).href)};
    console.log((await openDatabase('sqlite:///:memory:').query('SELECT 41 + 1')).rows[0][0]);`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000 });
  assert.equal(run.stdout, '42\n', run.stderr);
});
