import type { ScriptContext } from '../script/context.ts';
import type { ModuleHost } from '../script/module-definition.ts';
import { slot } from '../uac/slot.ts';
import type { BranchHandler, FailureHandler, ReplyHandler } from './handlers/handler-types.ts';
import type { MakeKsr } from './ksr/ksr.ts';
import type { Tools } from './ksr/tools.ts';

/** What the objects of handlers need of the program that they belong to. */
export interface World {
  readonly host: ModuleHost;
  readonly tools: Tools;
  readonly ksr: MakeKsr;
}

/** Name under which handlers given as functions are armed: which one is meant stands with the request. */
export const INLINE = '(inline)';

/** Handlers that a request armed as functions. */
export interface InlineHandlers {
  failure: FailureHandler | null;
  reply: ReplyHandler | null;
  branch: BranchHandler | null;
}

const HANDLERS = slot<InlineHandlers>('api handlers');
const DATA = slot<Map<string, unknown>>('api data');

/** The handlers that a request armed as functions. */
export function inlineHandlers({ state }: ScriptContext): InlineHandlers {
  let handlers = HANDLERS.get(state);
  if (handlers === undefined) {
    handlers = { failure: null, reply: null, branch: null };
    HANDLERS.set(state, handlers);
  }
  return handlers;
}

/** What handlers keep with a request for those that run later. */
export function dataOf({ state }: ScriptContext): Map<string, unknown> {
  let data = DATA.get(state);
  if (data === undefined) {
    data = new Map();
    DATA.set(state, data);
  }
  return data;
}
