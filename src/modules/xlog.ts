import type { ScriptContext } from '../script/context.ts';
import { L_ALERT, L_BUG, L_CRIT, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN } from '../script/log.ts';
import {
  defineModule,
  type FunctionDefinition,
  fn,
  intParam,
  listParam,
  type ModuleHost,
  strParam,
  type TextGetter,
  type VariableDefinition,
} from '../script/module-definition.ts';
import { ROUTE_ANY } from '../script/values.ts';

interface XlogModule {
  readonly host: ModuleHost;
  /** Longest text printed, in characters. */
  readonly maxLength: number;
  /** Methods whose messages xlogm() speaks about. */
  readonly methods: number;
  /** Put before every text; null for the log's own mark of script lines. */
  readonly prefix: TextGetter | null;
}

/** Kamailio's own prefix: what the log prints for the module name of these lines anyway. */
const DEFAULT_PREFIX = '<script>: ';

/**
 * A level as scripts write it: `L_ERR` (only the letter behind `L_` counts), and what Kamailio refuses at start: `ERR`, a number.
 * @returns undefined for anything else
 */
function levelOf(text: string): number | undefined {
  if (/^\s*-?\d{1,2}\s*$/.test(text)) return Math.max(L_ALERT, Math.min(L_DBG, Number(text)));
  const name = text.trim().toUpperCase();
  switch (name.startsWith('L_') ? name.charAt(2) : name.charAt(0)) {
    case 'A':
      return L_ALERT;
    case 'B':
      return L_BUG;
    case 'C':
      return L_CRIT;
    case 'E':
      return L_ERR;
    case 'W':
      return L_WARN;
    case 'N':
      return L_NOTICE;
    case 'I':
      return L_INFO;
    case 'D':
      return L_DBG;
    default:
      return undefined;
  }
}

/** Prints one line. @returns 1, or -1 when it had to be cut */
function print(m: XlogModule, ctx: ScriptContext, level: number, text: string): number {
  const { log } = m.host;
  if (level > log.level) return 1;
  // The log ends its lines itself.
  let line = text.endsWith('\n') ? text.slice(0, text.endsWith('\r\n') ? -2 : -1) : text;
  const cut = line.length > m.maxLength;
  if (cut) line = line.slice(0, m.maxLength);
  log.write(level, '<script>', m.prefix === null ? line : `${m.prefix.constant ?? m.prefix.get(ctx) ?? ''}${line}`);
  return cut ? -1 : 1;
}

/** Prints at a level given as text. @returns -1 for a level that is none */
function printAt(m: XlogModule, ctx: ScriptContext, level: string, text: string): number {
  const number = levelOf(level);
  if (number === undefined) {
    m.host.log.write(L_ERR, 'xlog', `'${level}' is no log level`, 'XLOG_LEVEL_UNKNOWN');
    return -1;
  }
  return print(m, ctx, number, text);
}

/** `xerr("text")` and its sisters. */
function fixed(name: string, level: number, support = 'yes'): FunctionDefinition<XlogModule> {
  return fn(name, ['str'], ROUTE_ANY, (m) => (ctx, text) => print(m, ctx, level, text), { support });
}

/** `xlog([[facility,] level,] text)`. */
function general(name: string, support: string): FunctionDefinition<XlogModule>[] {
  return [
    fixed(name, L_ERR, support),
    fn(name, ['str', 'str'], ROUTE_ANY, (m) => (ctx, level, text) => printAt(m, ctx, level, text), { support }),
    fn(name, ['const', 'str', 'str'], ROUTE_ANY, (m) => (ctx, _facility, level, text) => printAt(m, ctx, level, text), {
      support,
    }),
  ];
}

const NO_POSITION = 'partly: prints no line number';

/** Foreground codes by letter; an upper-case letter is bright. Backgrounds are ten more. */
const COLOURS: Readonly<Record<string, number>> = { x: 39, s: 30, r: 31, g: 32, y: 33, b: 34, p: 35, c: 36, w: 37 };

/** `$C(xy)`: escape sequence that sets foreground and background. */
const colour: VariableDefinition<XlogModule> = {
  name: 'C',
  writable: false,
  inner: 'required',
  bind: () => (inner, index, text) => {
    const letters = inner?.constant ?? '';
    const foreground = COLOURS[letters.charAt(0).toLowerCase()];
    const background = COLOURS[letters.charAt(1).toLowerCase()];
    if (index !== null || letters.length !== 2 || foreground === undefined || background === undefined) {
      return '$C() takes two letters of x s r g y b p c w: foreground and background';
    }
    const bright = letters.charAt(0) === letters.charAt(0).toUpperCase() ? 1 : 0;
    const sequence = `\x1b[${bright};${foreground};${background + 10}m`;
    return { text, get: () => sequence, int: null, set: null };
  },
  support: 'yes',
};

/** xlog: log lines written by the script. */
export const xlog = defineModule<XlogModule>({
  name: 'xlog',
  after: [],
  parameters: [
    intParam('buf_size', 4096),
    intParam('force_color', 0, 'ignored: $C() always yields its sequence'),
    listParam('log_colors', 'str', 'ignored: the log chooses its colours'),
    strParam('log_facility', null, 'ignored: the log has no facilities'),
    intParam('long_format', 0, 'ignored: xlogl prints no position'),
    intParam('methods_filter', -1),
    strParam('prefix', DEFAULT_PREFIX),
    intParam('prefix_mode', 0),
    intParam('auto_newline', 0, 'ignored: every text is a line of its own'),
  ],
  functions: [
    ...general('xlog', 'yes'),
    ...general('xlogl', NO_POSITION),
    fixed('xdbg', L_DBG),
    fixed('xdbgl', L_DBG, NO_POSITION),
    fixed('xinfo', L_INFO),
    fixed('xnotice', L_NOTICE),
    fixed('xwarn', L_WARN),
    fixed('xerr', L_ERR),
    fixed('xbug', L_BUG),
    fixed('xcrit', L_CRIT),
    fixed('xalert', L_ALERT),
    fn('xlogm', ['str', 'str'], ROUTE_ANY, (m) => (ctx, level, text) => {
      // Methods without a bit of their own are spoken about only when all are.
      const { methodId } = ctx.message;
      if (m.methods !== -1 && (m.methods & methodId) === 0) return 1;
      return printAt(m, ctx, level, text);
    }),
  ],
  variables: [colour],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const prefix = parameters.str('prefix');
    const own = prefix === DEFAULT_PREFIX ? null : prefix;
    return {
      host,
      maxLength: Math.max(parameters.int('buf_size'), 1),
      methods: parameters.int('methods_filter'),
      prefix:
        own === null
          ? null
          : parameters.int('prefix_mode') === 0
            ? { constant: own, get: () => own }
            : host.format(own),
    };
  },
});
