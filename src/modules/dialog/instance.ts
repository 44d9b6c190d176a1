import type { CallDialog, DialogSide } from '../../dialog/call-dialog.ts';
import type { ProfileLink } from '../../dialog/dialog-profiles.ts';
import type { DialogTable } from '../../dialog/dialog-table.ts';
import type { RequestState } from '../../proxy/request-state.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import type { DialogTexts, IdentityDialogs } from '../../uac/identity-dialog.ts';
import { slot } from '../../uac/slot.ts';
import type { CallWatcher } from './call-watcher.ts';
import type { DialogDatabase } from './database.ts';
import type { DialogSettings } from './settings.ts';

/** The call that a message belongs to. */
export interface CurrentDialog {
  readonly dialog: CallDialog;
  /** The side that the request comes from. */
  readonly side: DialogSide;
  /** The INVITE that began it; else a request inside it, or a call that the script took up (dlg_get, an event). */
  readonly initial: boolean;
}

/** What a script says of a call before there is one, and of the message's own. */
export interface DialogWishes {
  readonly variables: Map<string, string>;
  readonly profiles: ProfileLink[];
  /** Seconds, 0 for none. */
  timeout: number;
  timeoutRoute: string;
  /** TIMEOUT_BYE and its like, and script flags. */
  properties: number;
  flags: number;
}

const CURRENT = slot<CurrentDialog>('dialog');
const WISHES = slot<DialogWishes>('dialog wishes');

export function currentOf(state: RequestState): CurrentDialog | null {
  return CURRENT.get(state) ?? null;
}

export function setCurrent(state: RequestState, current: CurrentDialog): void {
  CURRENT.set(state, current);
}

/** @returns null when the script has said nothing */
export function wishesOf(state: RequestState): DialogWishes | null {
  return WISHES.get(state) ?? null;
}

/** The same, made when there are none yet. */
export function wishesFor(state: RequestState): DialogWishes {
  let wishes = WISHES.get(state);
  if (wishes === undefined) {
    wishes = { variables: new Map(), profiles: [], timeout: 0, timeoutRoute: '', properties: 0, flags: 0 };
    WISHES.set(state, wishes);
  }
  return wishes;
}

/** State of one program's dialog module. The table is shared by all programs of the server. */
export class DialogModule implements IdentityDialogs {
  readonly host: ModuleHost;
  readonly settings: DialogSettings;
  readonly table: DialogTable;
  /** Null without one, and before the start. */
  database: DialogDatabase | null = null;
  /** Other modules of this program that follow its calls. */
  readonly watchers = new Set<CallWatcher>();
  /** What runs once the module is stopped. */
  readonly releases: (() => void)[] = [];

  constructor(host: ModuleHost, settings: DialogSettings, table: DialogTable) {
    this.host = host;
    this.settings = settings;
    this.table = table;
  }

  /** The state that a run of a route is about: in the core's reply_route, of the request that the reply answers. */
  stateOf(ctx: ScriptContext): RequestState {
    if (ctx.reply === null || ctx.branch !== null || currentOf(ctx.state) !== null) return ctx.state;
    return this.host.proxy.requestOf(ctx.reply) ?? ctx.state;
  }

  current(ctx: ScriptContext): CurrentDialog | null {
    return currentOf(this.stateOf(ctx));
  }

  /** The texts of a request's dialog, for identities that are restored (uac's restore_dlg). */
  of(state: RequestState): DialogTexts | null {
    const current = currentOf(state);
    if (current === null) return null;
    const { dialog, side } = current;
    return {
      upstream: side === 'callee',
      get: (name) => dialog.variables.get(name) ?? null,
      set: (name, value) => dialog.setVariable(name, value),
    };
  }
}
