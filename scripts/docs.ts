/**
 * `npm run docs`: writes docs/kamailio-compat.md and docs/errors.md from the definitions in src/. `npm run docs -- --check` only says whether
 * they are up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compatPage } from './docs/compat-page.ts';
import { errorsPage } from './docs/errors-page.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');

/** Generated pages by file name. */
export const pages: Readonly<Record<string, () => string>> = {
  'kamailio-compat.md': compatPage,
  'errors.md': errorsPage,
};

/** The page as it is on disk, empty when it is not there. */
export function committed(name: string): string {
  try {
    return readFileSync(join(DOCS, name), 'utf8');
  } catch {
    return '';
  }
}

if (import.meta.main) {
  const checkOnly = process.argv.includes('--check');
  for (const [name, make] of Object.entries(pages)) {
    const text = make();
    if (text === committed(name)) continue;
    if (checkOnly) process.exitCode = 1;
    else writeFileSync(join(DOCS, name), text);
    console.log(`docs/${name} ${checkOnly ? 'is out of date: run "npm run docs"' : 'written'}`);
  }
}
