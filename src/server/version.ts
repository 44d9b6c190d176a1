import { readFileSync } from 'node:fs';

/** Version of this package, from its package.json: two folders up both in the sources and in what is built from them. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
