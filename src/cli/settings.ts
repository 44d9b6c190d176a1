import type { LoadOptions } from '../server/server-api.ts';

/** How the log is written. */
export interface LogSettings {
  /** `readable` or `json`; null: readable on a terminal, JSON otherwise. */
  readonly format: 'readable' | 'json' | null;
  /** Colours even when standard error is no terminal. */
  readonly colour: boolean;
}

/** Everything that the command line says about a server to run, whichever option syntax said it. */
export interface RunSettings {
  readonly load: LoadOptions;
  /** Lines of configuration that options stand for, read before the file. */
  readonly prologue: readonly string[];
  readonly log: LogSettings;
  /** Empty for none. */
  readonly pidFile: string;
  readonly workingDirectory: string;
  readonly user: string;
  readonly group: string;
  /** Read the configuration again when one of its files changes. */
  readonly watch: boolean;
  /** Told once at the start. */
  readonly notes: readonly string[];
}
