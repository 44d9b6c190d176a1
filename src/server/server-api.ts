import type { UseStore } from '../auth/use-store.ts';
import type { Diagnostic } from '../script/diagnostic.ts';
import type { Log } from '../script/log.ts';
import type { RuntimePlace } from '../script/module-definition.ts';
import type { ListenSocket } from '../transport/transport.ts';

/** How a configuration is loaded; what the command line may say on top of the file. */
export interface LoadOptions {
  /** Configuration file, absolute or relative to `cwd`. */
  readonly file: string;
  readonly cwd: string;
  /** -A NAME[=value] */
  readonly defines: readonly { readonly name: string; readonly value: string }[];
  /** -l proto:host:port[/advertise]: replaces the file's listen lines. */
  readonly listen: readonly string[];
  /** -d… / --debug: log threshold instead of the file's; null for the file's. */
  readonly debug: number | null;
  /** Modules and functions that are known but not supported: refuse to start (`error`) or warn and fail at run time (`warn`). */
  readonly unsupported: 'error' | 'warn';
  /** -a: 1 auto aliases on, 0 off; null for the file's. */
  readonly autoAliases: boolean | null;
  /** -Y: directory of the operators' sockets instead of the file's run_dir; empty or absent for that one. */
  readonly runtimeDirectory?: string;
  /** Who the server will be once its ports are open (-u, -g); null or absent when it stays who it is. */
  readonly owner?: RuntimePlace['owner'];
  /** Who remembers the uses of nonces (module auth), where several servers share that; absent: the server itself. */
  readonly useStore?: UseStore;
}

/** Result of reading and checking a configuration without starting anything. */
export interface CheckResult {
  /** Every problem, errors and warnings, in order. */
  readonly diagnostics: readonly Diagnostic[];
  /** Readable text of all of them, with source lines. */
  readonly text: string;
  /** True when there is no error. */
  readonly ok: boolean;
}

/** A server that runs. */
export interface RunningServer {
  readonly sockets: readonly ListenSocket[];
  /** Files that the configuration in force was read from. */
  readonly files: readonly string[];
  /** Warnings of the configuration, already logged. */
  readonly warnings: readonly Diagnostic[];
  /**
   * Reads the configuration again and puts it into force between two messages. Calls under way keep the program that they began with;
   * registrations, tables and sockets go on. What only a start can change (listen) is named in the log.
   * @returns its warnings
   * Rejects with a StartError that has all problems: the old configuration stays in force (and, when only the operators' sockets of the new
   * one cannot be opened, the new one).
   */
  reload(): Promise<readonly Diagnostic[]>;
  /**
   * Stops: takes nothing new, finishes what is under way while there is time, then closes.
   * @param graceMs milliseconds to wait for calls being set up
   */
  stop(graceMs: number): Promise<void>;
  /** name → value of all statistics, for a dump. */
  statistics(): readonly { readonly group: string; readonly name: string; readonly value: number }[];
}

/** Why a server did not start: the configuration (with its diagnostics) or the system (a busy port…), each with a code. */
export class StartError extends Error {
  readonly code: string;
  /** Diagnostics text for a configuration error, empty otherwise. */
  readonly details: string;
  constructor(code: string, message: string, details = '') {
    super(message);
    this.name = 'StartError';
    this.code = code;
    this.details = details;
  }
}

/** What src/server/server.ts offers to the command line. */
export interface ServerApi {
  /** Reads and checks; never throws for a bad file. */
  checkConfiguration(options: LoadOptions): Promise<CheckResult>;
  /** @throws StartError */
  startServer(options: LoadOptions, log: Log): Promise<RunningServer>;
}
