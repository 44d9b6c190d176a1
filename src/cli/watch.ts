import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Milliseconds of quiet after a change: editors write a file in several steps. */
const QUIET = 200;

/**
 * Calls back when one of the files changes. Their folders are watched, since editors put a new file in the place of the old one.
 * @param files absolute names, asked again after each change (a configuration may include others by then)
 * @returns ends it
 */
export function watchFiles(files: () => readonly string[], changed: () => void): () => void {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | null = null;
  const end = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  const begin = (): void => {
    end();
    const folders = new Map<string, Set<string>>();
    for (const file of files()) {
      const folder = dirname(file);
      folders.set(folder, (folders.get(folder) ?? new Set()).add(basename(file)));
    }
    for (const [folder, names] of folders) {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || !names.has(name)) return;
        if (timer !== null) clearTimeout(timer);
        timer = setTimeout(() => {
          timer = null;
          changed();
          begin();
        }, QUIET);
      });
      // A folder that goes away ends its own watching; the others go on.
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    }
  };
  begin();
  return () => {
    if (timer !== null) clearTimeout(timer);
    end();
  };
}
