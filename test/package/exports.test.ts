import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const LIBRARY = join(ROOT, 'examples', 'library');

/** What each example prints, and so what each entry point is good for on its own. */
const PRINTS: Readonly<Record<string, readonly RegExp[]>> = {
  'server.ts': [/^listening on udp 127\.0\.0\.1: true$/m, /^stopped$/m],
  'message.ts': [/^OPTIONS from "Al" number 7$/m, /^SIP\/2\.0 200 OK$/m],
  'digest.ts': [/^Digest username="trunk", .*SHA-256$/m],
  'transaction.ts': [/^no answer after 10 sends$/m],
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

for (const file of readdirSync(LIBRARY)) {
  test(`examples/library/${file} runs on the built package`, { timeout: 60_000 }, (t) => {
    const run = spawnSync(process.execPath, [join(LIBRARY, file)], { encoding: 'utf8', timeout: 50_000, cwd: ROOT });
    if (run.stderr.includes('ERR_MODULE_NOT_FOUND') && run.stderr.includes('dist')) {
      t.skip('the package is not built: npm run build');
      return;
    }
    for (const pattern of PRINTS[file] ?? []) assert.match(run.stdout, pattern, run.stderr);
  });
}
