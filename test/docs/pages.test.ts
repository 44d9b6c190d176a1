import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { anchor } from '../../scripts/docs/markdown.ts';
import { committed, pages } from '../../scripts/docs.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DOCS = join(ROOT, 'docs');

for (const [name, make] of Object.entries(pages)) {
  test(`docs/${name} is up to date`, () => {
    assert.ok(make() === committed(name), 'run "npm run docs" and commit what it writes');
  });
}

test('the index names every page', () => {
  const index = readFileSync(join(DOCS, 'README.md'), 'utf8');
  const missing = readdirSync(DOCS).filter(
    (name) => name.endsWith('.md') && name !== 'README.md' && !index.includes(`](${name})`),
  );
  assert.deepEqual(missing, []);
});

test('links between pages lead somewhere', () => {
  const broken: string[] = [];
  const names = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
  for (const name of [...names, '../README.md', '../examples/README.md']) {
    const path = join(DOCS, name);
    const text = readFileSync(path, 'utf8');
    for (const [, target = ''] of text.replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = '', fragment = ''] = target.split('#');
      const to = file === '' ? path : join(dirname(path), file);
      if (!existsSync(to)) broken.push(`${name}: ${target}`);
      else if (fragment !== '' && !headings(readFileSync(to, 'utf8')).has(fragment)) broken.push(`${name}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

function headings(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading)));
}
