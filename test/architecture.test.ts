import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, relative } from 'node:path';
import { test } from 'node:test';

/** Folders of src/ from the bottom up; each imports only from itself and from those before it (docs/architecture.md). */
const LAYERS = [
  'message',
  'time',
  'transport',
  'transaction',
  'digest',
  'dialog',
  'proxy',
  'uac',
  'auth',
  'registrar',
  'storage',
  'rpc',
  'script',
  'modules',
  'api',
  'server',
  'testing',
  'cli',
];
const SRC = join(import.meta.dirname, '..', 'src');

function filesBelow(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesBelow(path) : /(?<!\.d)\.ts$/.test(name) ? [path] : [];
  });
}

/** Relative imports of a file: path from src/, and whether only types are taken. */
function importsOf(path: string): { readonly to: string; readonly typeOnly: boolean }[] {
  const text = readFileSync(path, 'utf8');
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+'(\.[^']+)';/gms);
  return [...found].map((match) => ({
    to: relative(SRC, normalize(join(path, '..', match[2] as string))),
    typeOnly: match[1] !== undefined,
  }));
}

const files = filesBelow(SRC);

test('every folder of src/ is a layer', () => {
  const folders = readdirSync(SRC).filter((name) => statSync(join(SRC, name)).isDirectory());
  assert.deepEqual(
    folders.filter((name) => !LAYERS.includes(name)),
    [],
  );
});

test('imports point only to the same layer or a lower one', () => {
  const wrong: string[] = [];
  for (const path of files) {
    const from = relative(SRC, path);
    const layer = LAYERS.indexOf(from.split('/')[0] as string);
    if (layer < 0) continue; // src/index.ts may re-export anything
    for (const { to } of importsOf(path)) {
      const target = LAYERS.indexOf(to.split('/')[0] as string);
      if (target > layer) wrong.push(`${from} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no circle of imports that are there at run time', () => {
  const graph = new Map(
    files.map((path) => [
      relative(SRC, path),
      importsOf(path)
        .filter((one) => !one.typeOnly)
        .map((one) => one.to),
    ]),
  );
  const done = new Set<string>();
  const visit = (node: string, trail: string[]): void => {
    if (done.has(node)) return;
    const at = trail.indexOf(node);
    if (at >= 0) assert.fail(`circle: ${[...trail.slice(at), node].join(' → ')}`);
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
});

test('no default exports', () => {
  const wrong = files.filter((path) => /^export default\b/m.test(readFileSync(path, 'utf8')));
  assert.deepEqual(
    wrong.map((path) => relative(SRC, path)),
    [],
  );
});
