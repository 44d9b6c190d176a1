import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-package-'));
  try {
    const run = trunkline('db', 'init', `sqlite:///${join(directory, 'accounts.sqlite')}`);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /uacreg/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('routes in TypeScript load in the built package', { timeout: 60_000, skip }, () => {
  const run = trunkline('check', join('examples', 'routes-ts', 'routes.ts'));
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /routes\.ts: ok/);
});

/** The command line as it was built, whatever is newer. */
function trunkline(...words: readonly string[]): { readonly status: number | null; stdout: string; stderr: string } {
  const main = pathToFileURL(join(ROOT, 'dist', 'cli', 'main.js')).href;
  const script = `(await import(${JSON.stringify(main)})).main(${JSON.stringify(words)});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 50_000,
    cwd: ROOT,
  });
}

/** Every file below a folder, relative to it. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
}

test('what is built is whole, of this build alone, and in one byte for each character', { skip }, () => {
  const dist = join(ROOT, 'dist');
  const code = filesOf(dist).filter((name) => name.endsWith('.js'));
  const known = new Set(code);
  const imported = new Set<string>();
  for (const name of code) {
    const text = readFileSync(join(dist, name), 'latin1');
    assert.doesNotMatch(text, /[^\x00-\x7f]/, name);
    for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const target = join(name, '..', path ?? '');
      assert.ok(known.has(target), `${name} imports ${path}`);
      imported.add(target);
    }
  }
  for (const name of code.filter((each) => each.startsWith('shared/')))
    assert.ok(imported.has(name), `${name} is imported by nothing: it is of another build`);
});
