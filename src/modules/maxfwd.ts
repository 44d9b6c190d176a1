import { MAX_FORWARDS_EDIT } from '../message/forward.ts';
import { HDR_MAX_FORWARDS } from '../message/header-name.ts';
import type { ScriptContext } from '../script/context.ts';
import { defineModule, type FunctionDefinition, fn, intParam, type ModuleHost } from '../script/module-definition.ts';
import { ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_REQUEST } from '../script/values.ts';
import { failure } from './support/failure.ts';

interface MaxfwdModule {
  readonly host: ModuleHost;
  /** Greatest value that is sent on. */
  readonly limit: number;
}

/** Max-Forwards as it stands after what this script did so far: -1 when absent, NaN when unreadable. */
function current(ctx: ScriptContext): number {
  const edit = ctx.edits.get(MAX_FORWARDS_EDIT);
  if (edit === undefined || typeof edit.text !== 'string') return ctx.message.maxForwards;
  return Number(/\d+/.exec(edit.text)?.[0] ?? -1);
}

/** mf_process_maxfwd_header (RFC 3261 §16.3 step 3, §16.6 step 3): 1 decremented, 2 added, -1 used up, -2 unreadable. */
function processHeader(m: MaxfwdModule, ctx: ScriptContext, initial: number): number {
  if (!(initial >= 0 && initial <= 255)) {
    return failure(
      m.host.log,
      'maxfwd',
      `mf_process_maxfwd_header: ${initial} is no Max-Forwards`,
      'MAXFWD_BAD_VALUE',
      -2,
    );
  }
  const { message, edits } = ctx;
  const header = message.find(HDR_MAX_FORWARDS);
  if (header === undefined) {
    edits.insert(message.headersStart, `Max-Forwards: ${Math.min(initial, m.limit)}\r\n`, MAX_FORWARDS_EDIT);
    return 2;
  }
  const value = current(ctx);
  if (Number.isNaN(value)) {
    return failure(m.host.log, 'maxfwd', 'mf_process_maxfwd_header: unreadable Max-Forwards', 'MAXFWD_BAD_HEADER', -2);
  }
  if (value === 0) return -1;
  edits.replace(header.valueStart, header.valueEnd, `${Math.min(value - 1, m.limit)}`, MAX_FORWARDS_EDIT);
  return 1;
}

/** is_maxfwd_lt: 1 below the limit, -1 not, -2 no header, -3 unreadable. */
function isBelow(ctx: ScriptContext, limit: number): number {
  const value = current(ctx);
  if (Number.isNaN(value)) return -3;
  if (value < 0) return -2;
  return value < limit ? 1 : -1;
}

const process = (name: string): FunctionDefinition<MaxfwdModule> =>
  fn(name, ['int'], ROUTE_REQUEST, (m) => (ctx, initial) => processHeader(m, ctx, initial));
const below = (name: string): FunctionDefinition<MaxfwdModule> =>
  fn(name, ['int'], ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH, () => isBelow);

/** maxfwd: loop protection by Max-Forwards. */
export const maxfwd = defineModule<MaxfwdModule>({
  name: 'maxfwd',
  after: [],
  parameters: [intParam('max_limit', 70)],
  functions: [
    process('mf_process_maxfwd_header'),
    process('maxfwd_process'),
    process('process_maxfwd'),
    below('is_maxfwd_lt'),
    below('mf_lowlimit'),
    below('maxfwd_at_least'),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => ({ host, limit: Math.min(Math.max(parameters.int('max_limit'), 0), 255) }),
});
