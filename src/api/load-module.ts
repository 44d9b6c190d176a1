/** Loads a TypeScript or JavaScript file as a module, anew each time, with the local files that it imports. */
import { registerHooks } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A file that was loaded. */
export interface LoadedModule {
  readonly exports: Readonly<Record<string, unknown>>;
  /** Absolute names of the file and of the local files that it imports. */
  readonly files: readonly string[];
}

/** Why a file could not be loaded. */
export class LoadFailure extends Error {
  /** True when it is no module; false when it threw while it was run. */
  readonly syntax: boolean;
  readonly file: string;
  readonly line: number;
  /** What was imported by then. */
  readonly files: readonly string[];
  constructor(
    message: string,
    at: { readonly syntax: boolean; readonly file: string; readonly line: number; readonly files: readonly string[] },
  ) {
    super(message);
    this.name = 'LoadFailure';
    this.syntax = at.syntax;
    this.file = at.file;
    this.line = at.line;
    this.files = at.files;
  }
}

/** In the query of a module's URL: the loading that it belongs to, so that another loading is another module. */
const MARK = 'trunkline';
const PACKAGE = /^trunkline(?:\/([a-z-]+))?$/;
/** This package's sources, or what was built of them. */
const ROOT = resolve(import.meta.dirname, '..');
const SUFFIX = import.meta.filename.slice(import.meta.filename.lastIndexOf('.'));

let loadings = 0;
let hooked = false;
const filesOf = new Map<string, Set<string>>();

/**
 * Loads a module anew: it and the local files that it imports are run again; packages are not. `import … from 'trunkline'` is this server itself,
 * wherever the file stands.
 * @param path absolute
 * @throws LoadFailure
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  hook();
  const number = String(++loadings);
  const files = new Set([path]);
  filesOf.set(number, files);
  try {
    // Node keeps what was loaded for as long as the process lives: a few kilobytes for each reload.
    const exports = (await import(`${pathToFileURL(path).href}?${MARK}=${number}`)) as Record<string, unknown>;
    return { exports, files: [...files] };
  } catch (error) {
    throw failure(error, path, [...files]);
  } finally {
    filesOf.delete(number);
  }
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const mark = markOf(context.parentURL);
      if (mark === null) return next(specifier, context);
      const own = PACKAGE.exec(specifier);
      if (own !== null) return { url: ownUrl(own[1]), shortCircuit: true };
      const found = next(specifier, context);
      if (!found.url.startsWith('file:') || isOutside(found.url)) return found;
      const path = fileURLToPath(found.url);
      filesOf.get(mark)?.add(path);
      return { ...found, url: `${pathToFileURL(path).href}?${MARK}=${mark}` };
    },
  });
}

function markOf(url: string | undefined): string | null {
  return new RegExp(`[?&]${MARK}=(\\d+)`).exec(url ?? '')?.[1] ?? null;
}

/** The module of this package that an import of it means. */
function ownUrl(entry: string | undefined): string {
  return pathToFileURL(
    entry === undefined ? `${ROOT}${sep}index${SUFFIX}` : `${ROOT}${sep}${entry}${sep}index${SUFFIX}`,
  ).href;
}

/** Packages, and this server: loaded once. */
function isOutside(url: string): boolean {
  return url.includes('/node_modules/') || url.startsWith(`${pathToFileURL(ROOT).href}/`);
}

/** The error of an import, with the place in the user's files that it names. */
function failure(error: unknown, path: string, files: readonly string[]): LoadFailure {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const { stack = '', message } = thrown;
  const { code = '' } = thrown as NodeJS.ErrnoException;
  const syntax =
    thrown instanceof SyntaxError ||
    /^ERR_(?:INVALID_TYPESCRIPT|UNSUPPORTED_TYPESCRIPT|MODULE_NOT_FOUND|UNKNOWN_FILE)/.test(code);
  const place = placeIn(stack, files) ?? { file: path, line: 1 };
  return new LoadFailure(message.split('\n')[0] ?? '', { ...place, syntax, files });
}

/** The first place of a stack that is in one of these files; null when there is none. */
export function placeIn(
  stack: string,
  files: readonly string[],
): { readonly file: string; readonly line: number; readonly column: number } | null {
  for (const found of stack.matchAll(/(?:file:\/\/)?(\/[^\s:()?]+)(?:\?[^\s:()]*)?:(\d+)(?::(\d+))?/g)) {
    const file = decode(found[1] ?? '');
    if (files.includes(file)) return { file, line: Number(found[2]), column: Number(found[3] ?? 1) };
  }
  return null;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A file's name as the operator would write it: relative to the directory when it is below it. */
export function shownName(path: string, cwd: string): string {
  const shown = relative(cwd, path);
  return shown.startsWith('..') || shown === '' || dirname(path) === path ? path : shown;
}
