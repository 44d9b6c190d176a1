import { L_INFO, L_NOTICE } from '../script/log.ts';
import { LogSink } from '../server/log-sink.ts';
import type { LogSettings } from './settings.ts';

/** The two voices of a running server on one stream. */
export interface ServerLogs {
  /** The server's log, at the level that the configuration or -d sets. */
  readonly server: LogSink;
  /** Life cycle (started, stopping, statistics asked for): shown at every level, or nobody knows that it runs. */
  readonly life: LogSink;
}

/** Logs on standard error: readable lines for people, JSON for machines. */
export function openLogs(settings: LogSettings, stream: NodeJS.WriteStream = process.stderr): ServerLogs {
  const terminal = stream.isTTY === true;
  const readable = settings.format === null ? terminal : settings.format === 'readable';
  // https://no-color.org: any non-empty value.
  const colour = settings.colour || (terminal && (process.env.NO_COLOR ?? '') === '');
  const options = { readable, colour, stream };
  return {
    server: new LogSink({ ...options, level: L_NOTICE }),
    life: new LogSink({ ...options, level: L_INFO }),
  };
}
