import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { isCodeFile } from '../api/code-file.ts';
import type { LoadOptions } from '../server/server-api.ts';
import { usageError } from './errors.ts';

/** A configuration with lines of the command line before it. */
export interface WithPrologue {
  readonly load: LoadOptions;
  /** Makes a text that names the temporary file name the command line instead. */
  readonly tell: (text: string) => string;
  /** Removes the temporary file; call it when the configuration is loaded. */
  readonly remove: () => void;
}

/**
 * Options such as --modparam and --subst act as if they stood before the first line of the file, as they do in Kamailio: a
 * modparam in the file wins over one of the command line. So they become lines of a small file that includes the real one,
 * whose own lines keep their numbers.
 */
export function withPrologue(load: LoadOptions, lines: readonly string[]): WithPrologue {
  if (lines.length === 0) return { load, tell: (text) => text, remove: () => {} };
  if (isCodeFile(load.file))
    throw usageError(
      'options that stand for lines of a kamailio.cfg cannot be given with a routes file',
      'Put what they say into its config.',
    );
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-'));
  const file = join(directory, 'command-line.cfg');
  const target = isAbsolute(load.file) ? load.file : resolve(load.cwd, load.file);
  writeFileSync(file, `${lines.join('\n')}\ninclude_file ${JSON.stringify(target)}\n`);
  return {
    load: { ...load, file },
    tell: (text) => text.replaceAll(file, '<command line>'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
