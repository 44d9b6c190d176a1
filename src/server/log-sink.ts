import { Buffer } from 'node:buffer';
import pino from 'pino';
import { L_ALERT, L_BUG, L_CRIT, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN, type Log } from '../script/log.ts';

/** Weights of the level names for the JSON writer: only their order counts. */
const WEIGHTS = { debug: 10, info: 20, notice: 30, warning: 40, error: 50, critical: 60, bug: 70, alert: 80 };

/** pino wants its level names in lower case. */
type WriterLevel = keyof typeof WEIGHTS;
type LevelName = Uppercase<WriterLevel>;

const NAMES = new Map<number, LevelName>([
  [L_ALERT, 'ALERT'],
  [L_BUG, 'BUG'],
  [L_CRIT, 'CRITICAL'],
  [L_ERR, 'ERROR'],
  [L_WARN, 'WARNING'],
  [L_NOTICE, 'NOTICE'],
  [L_INFO, 'INFO'],
  [L_DBG, 'DEBUG'],
]);

const COLOURS = new Map<number, string>([
  [L_ALERT, '\x1b[1;31m'],
  [L_BUG, '\x1b[1;31m'],
  [L_CRIT, '\x1b[1;31m'],
  [L_ERR, '\x1b[31m'],
  [L_WARN, '\x1b[33m'],
  [L_NOTICE, '\x1b[36m'],
  [L_DBG, '\x1b[2m'],
]);

/** Kamailio's name of a log level. */
export function levelName(level: number): LevelName {
  return NAMES.get(level) ?? (level > L_DBG ? 'DEBUG' : 'CRITICAL');
}

/** Control characters, line separators, and the marks that turn the direction of writing: after them a line reads as another one. */
const UNFIT = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/**
 * Text fit for a terminal or a log file: latin1 bytes that are UTF-8 become characters again, and control characters become visible
 * escapes, so that nothing from the network can move a cursor or forge a line. Line ends inside a text become `\n`.
 */
export function encodeForLog(text: string): string {
  let decoded = text;
  // Text from a message has one character a byte; only such text can hold undecoded UTF-8.
  if (/[\x80-\xff]/.test(text) && !/[^\x00-\xff]/.test(text)) {
    const utf8 = Buffer.from(text, 'latin1').toString('utf8');
    if (!utf8.includes('�')) decoded = utf8;
  }
  if (!UNFIT.test(decoded)) return decoded;
  return decoded.replace(new RegExp(UNFIT, 'g'), (char) => {
    switch (char) {
      case '\n':
        return '\\n';
      case '\r':
        return '\\r';
      case '\t':
        return '\\t';
      default:
        return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }
  });
}

/** Offset after the last character that is no line end; by hand, as an expression anchored at the end is quadratic in line ends. */
function endOfText(text: string): number {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x0a || text.charCodeAt(end - 1) === 0x0d)) end--;
  return end;
}

/** Settings of a {@link LogSink}. */
export interface LogSinkOptions {
  /** Threshold, Kamailio's numbers. */
  readonly level: number;
  /** Readable lines (true) or JSON lines (false). */
  readonly readable: boolean;
  readonly colour: boolean;
  /** Where lines go. */
  readonly stream: NodeJS.WritableStream;
  /** Wall-clock milliseconds. */
  readonly now?: () => number;
}

/** The server's log: one line an event, readable on a terminal and JSON otherwise. */
export class LogSink implements Log {
  level: number;
  private readonly options: LogSinkOptions;
  private readonly json: pino.Logger<WriterLevel> | null;

  constructor(options: LogSinkOptions) {
    this.options = options;
    this.level = options.level;
    const stream = options.stream;
    this.json = options.readable
      ? null
      : pino(
          {
            level: 'debug',
            customLevels: WEIGHTS,
            useOnlyCustomLevels: true,
            base: { pid: process.pid },
            timestamp: pino.stdTimeFunctions.isoTime,
            formatters: { level: (label) => ({ level: label.toUpperCase() }) },
          },
          { write: (line: string) => stream.write(line) },
        );
  }

  write(level: number, module: string, text: string, code = ''): void {
    if (level > this.level) return;
    // A trailing line end is how many scripts end an xlog; it would only make an empty line.
    const line = encodeForLog(text.slice(0, endOfText(text)));
    if (this.json !== null) {
      const writer = levelName(level).toLowerCase() as WriterLevel;
      this.json[writer]({ module, ...(code === '' ? {} : { code }) }, line);
      return;
    }
    const { colour, stream, now = Date.now } = this.options;
    const time = new Date(now()).toTimeString().slice(0, 8);
    const name = levelName(level).padEnd(8);
    const shown = colour ? `${COLOURS.get(level) ?? ''}${name}\x1b[0m` : name;
    const tail = code === '' ? '' : colour ? ` \x1b[2m[${code}]\x1b[0m` : ` [${code}]`;
    stream.write(`${time} ${shown} ${module}: ${line}${tail}\n`);
  }
}
