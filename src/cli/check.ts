import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import type { LoadOptions } from '../server/server-api.ts';
import { CliError } from './errors.ts';
import { withPrologue } from './prologue.ts';

/** Why a file cannot be read and what to do, by the system's error. */
const UNREADABLE: ReadonlyMap<string, readonly [reason: string, advice: string]> = new Map([
  ['ENOENT', ['there is no such file', 'Give the path of a kamailio.cfg.']],
  ['EACCES', ['permission denied', 'Let the user that runs this read the file and enter the folders above it.']],
]);

/** True for a file that an editor saved as UTF-16: its byte order mark tells. */
function isUtf16(path: string): boolean {
  const start = new Uint8Array(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
}

/**
 * Makes sure that the file is there before anything else is said about it.
 * @throws CliError CLI_FILE
 */
export function requireFile(file: string, cwd: string): void {
  const path = resolve(cwd, file);
  try {
    accessSync(path, constants.R_OK);
    const found = statSync(path);
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a directory' : 'it is not a file');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const [reason, advice] = UNREADABLE.get(code) ?? [message, 'Give the path of a kamailio.cfg.'];
    throw new CliError('CLI_FILE', `cannot read ${file}: ${reason}`, advice);
  }
  if (isUtf16(path)) {
    throw new CliError('CLI_FILE', `cannot read ${file}: it is UTF-16`, 'Save it as UTF-8: iconv -f UTF-16 -t UTF-8');
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Colours the severities of a diagnostics text; the text itself is made by the script's checker. */
function coloured(text: string): string {
  return text
    .replace(/: error: /g, `: ${styleText(['bold', 'red'], 'error:', { validateStream: false })} `)
    .replace(/: warning: /g, `: ${styleText(['bold', 'yellow'], 'warning:', { validateStream: false })} `);
}

/** What to do when a problem is only that something is not there yet; empty when none is of that kind. */
export function unsupportedAdvice(text: string): string {
  // By hand: on the problems of a file of megabytes an expression with two ends to look for takes ten seconds.
  let at = text.indexOf(' [CFG_UNSUPPORTED_');
  while (at >= 0 && !text.slice(text.lastIndexOf('\n', at) + 1, at).includes(': error: ')) {
    at = text.indexOf(' [CFG_UNSUPPORTED_', at + 1);
  }
  if (at < 0) return '';
  return '"--unsupported warn" makes warnings of what is not supported; such a function then fails when it is reached.';
}

/** Resolves when all that was given to a stream has left: a pipe takes 64 KB at once, and the process must not end before the rest. */
export function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/**
 * Checks one configuration and writes the verdict: `FILE: ok`, or every problem and a line that counts them.
 * @param out where to; colours when it is a terminal
 * @returns true when there is no error
 * @throws CliError CLI_FILE
 */
export async function checkFile(
  load: LoadOptions,
  prologue: readonly string[],
  out: NodeJS.WriteStream,
): Promise<boolean> {
  requireFile(load.file, load.cwd);
  const { checkConfiguration } = await import('../server/server.ts');
  const wrapped = withPrologue(load, prologue);
  try {
    const result = await checkConfiguration(wrapped.load);
    const text = wrapped.tell(result.text).trimEnd();
    if (text !== '') out.write(`${out.isTTY === true ? coloured(text) : text}\n\n`);
    const warnings = result.diagnostics.filter(({ severity }) => severity === 'warning').length;
    const errors = result.diagnostics.length - warnings;
    const counted = [
      ...(errors > 0 ? [count(errors, 'error')] : []),
      ...(warnings > 0 ? [count(warnings, 'warning')] : []),
    ].join(', ');
    if (result.ok) out.write(`${load.file}: ok${counted === '' ? '' : ` (${counted})`}\n`);
    else out.write(`${load.file}: ${counted === '' ? 'cannot be used' : counted}\n`);
    const advice = unsupportedAdvice(text);
    if (advice !== '') out.write(`  ${advice}\n`);
    await written(out);
    return result.ok;
  } finally {
    wrapped.remove();
  }
}
