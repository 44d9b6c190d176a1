/**
 * The second half of `npm run build`: dist/ from src/. TypeScript writes the declarations; the JavaScript of some 700 files is gathered here
 * into a few dozen, which start in half the time and take a quarter of the memory less. Lines stay lines, so that a stack can be read.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist');

/** Files that something outside of the bundle names: the package's entry points, the command line, the thread of SQLite. */
function namedFiles(): string[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { readonly default: string }>;
  };
  const entries = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [entry.default]));
  return [...entries.map((file) => file.slice('./dist/'.length, -'.js'.length)), 'cli/main', 'storage/sqlite-worker'];
}

/**
 * The modules of configurations, a file each. V8 reads a file's outermost level at once: the smaller the largest file, the less memory it has to
 * take for that, and never gives back.
 */
function moduleFiles(): string[] {
  return readdirSync(join(ROOT, 'src', 'modules'), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => `modules/${name.slice(0, -'.ts'.length)}`);
}

/** V8 keeps a source with one character beyond Latin-1 in two bytes each. What is left of them stands in regular expressions and comments. */
function ascii(text: string): string {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JavaScript of an earlier build under a name that this one does not use would be shipped as well. */
function removeOld(): void {
  mkdirSync(OUT, { recursive: true });
  for (const name of readdirSync(OUT, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.js')) rmSync(join(OUT, name));
}

const { outputFiles } = await build({
  entryPoints: [...namedFiles(), ...moduleFiles()].map((name) => ({ in: join(ROOT, 'src', `${name}.ts`), out: name })),
  outdir: OUT,
  bundle: true,
  splitting: true,
  // A folder below dist/ as every other: files are found from there by the same relative names as in src/.
  chunkNames: 'shared/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node22',
  packages: 'external',
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
});
removeOld();
for (const { path, text } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ascii(text));
}
