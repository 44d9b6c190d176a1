import { writeFile } from 'node:fs/promises';
import type { CallDialog } from '../../dialog/call-dialog.ts';
import { CONFIRMED, type DialogState, EARLY, UNACKED, UNCONFIRMED } from '../../dialog/dialog-state.ts';
import { sanitizeHeaderLines } from '../../message/serializer.ts';
import { type RpcArguments, RpcFault } from '../../rpc/method.ts';
import { RpcSeveral, type RpcStruct, type RpcValue, struct } from '../../rpc/value.ts';
import { L_ERR, L_NOTICE } from '../../script/log.ts';
import { type RpcDefinition, rpc } from '../../script/module-definition.ts';
import { toBytes } from '../../script/utf8.ts';
import type { DialogModule } from './instance.ts';
import { dialogJson, dialogRecord, dialogSummary } from './record.ts';
import { endDialog } from './requests.ts';

/** A text that must be there; a number is taken for one. @throws RpcFault 400, in the words of the original's reader */
function needed(args: RpcArguments, index: number): string {
  const text = args.textOrInt(index);
  if (text === null)
    throw new RpcFault(400, `error at parameter ${index}: expected any type but end of packet encountered`);
  return toBytes(text);
}

function optional(args: RpcArguments, index: number): string | null {
  const text = args.textOrInt(index);
  return text === null ? null : toBytes(text);
}

/** Texts from the first on; null when one is missing. */
function texts(args: RpcArguments, count: number): readonly string[] | null {
  const found: string[] = [];
  for (let index = 0; index < count; index++) {
    const text = args.textOrInt(index);
    if (text === null) return null;
    found.push(toBytes(text));
  }
  return found;
}

function* records({ table }: DialogModule, of: Iterable<CallDialog>): Generator<RpcValue> {
  const now = table.seconds;
  for (const dialog of of) yield dialogRecord(dialog, now);
}

function several(module: DialogModule, of: Iterable<CallDialog>): RpcSeveral {
  return new RpcSeveral(records(module, of));
}

function byCallId(module: DialogModule, args: RpcArguments): RpcSeveral {
  const callId = needed(args, 0);
  const tag = optional(args, 1);
  const found = module.table.withCallId(callId).filter(({ caller }) => tag === null || caller.tag === tag);
  return several(module, found);
}

/** Texts and numbers of a call that dlg.list_match compares. */
const KEYS: Readonly<Record<string, (dialog: CallDialog) => string | number>> = {
  ruri: ({ requestUri }) => requestUri,
  furi: ({ fromUri }) => fromUri,
  turi: ({ toUri }) => toUri,
  callid: ({ callId }) => callId,
  start_ts: ({ startAt }) => startAt,
};

/** What an operator asks of a value. @throws RpcFault 500 */
function comparison(operator: string, wanted: string): (value: string | number) => boolean {
  switch (operator) {
    case 'eq':
      return (value) => `${value}` === wanted;
    case 'sw':
      return (value) => `${value}`.startsWith(wanted);
    case 'gt':
      return (value) => Number(value) > Number(wanted);
    case 'lt':
      return (value) => Number(value) < Number(wanted);
    case 're': {
      let regex: RegExp;
      try {
        regex = new RegExp(wanted);
      } catch {
        throw new RpcFault(500, 'Invalid matching value parameter');
      }
      return (value) => regex.test(`${value}`);
    }
    default:
      throw new RpcFault(500, 'Invalid matching operator parameter');
  }
}

function listMatch(module: DialogModule, args: RpcArguments): RpcSeveral {
  const [key, operator, value] = [args.text(0), args.text(1), args.text(2)];
  if (key === null || operator === null || value === null) throw new RpcFault(500, 'Invalid parameters');
  const read = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (read === undefined) throw new RpcFault(500, 'Invalid matching key parameter');
  const fits = comparison(operator, toBytes(value));
  const limit = args.int(3) ?? 0;
  const found: CallDialog[] = [];
  for (const dialog of module.table.all()) {
    if (!fits(read(dialog))) continue;
    found.push(dialog);
    if (limit > 0 && found.length >= limit) break;
  }
  if (found.length === 0) throw new RpcFault(404, 'Not found');
  return several(module, found);
}

async function dumpFile(module: DialogModule, args: RpcArguments): Promise<undefined> {
  const path = needed(args, 0);
  const lines = [...module.table.all()].map((dialog) => `${dialogJson(dialog)}\n`);
  try {
    await writeFile(path, lines.join(''));
  } catch (error) {
    const text = error instanceof Error ? error.message : 'unknown failure';
    module.host.log.write(L_ERR, 'dialog', `dlg.dump_file: ${text}`, 'DIALOG_FILE');
    throw new RpcFault(500, 'failed to open output file');
  }
}

function byTags(module: DialogModule, args: RpcArguments, missing: string): CallDialog | null {
  const words = texts(args, 3);
  if (words === null) throw new RpcFault(400, missing);
  const [callId = '', from = '', to = ''] = words;
  return module.table.match(callId, from, to)?.dialog ?? null;
}

function terminate(module: DialogModule, args: RpcArguments): undefined {
  const dialog = byTags(module, args, 'Need a Callid ,from tag ,to tag');
  if (dialog === null) throw new RpcFault(500, 'Couldnt find callid in dialog');
  if (!endDialog(module, dialog, 'all')) throw new RpcFault(500, 'Failed to terminate dialog');
}

function end(module: DialogModule, args: RpcArguments): undefined {
  const [entry, id] = [args.int(0), args.int(1)];
  if (entry === null || id === null) throw new RpcFault(500, 'Invalid parameters');
  const dialog = module.table.byNumber({ entry, id });
  if (dialog === null) throw new RpcFault(404, 'Dialog not found');
  const more = optional(args, 2) ?? '';
  const headers = more === '' ? '' : sanitizeHeaderLines(more.endsWith('\n') ? more : `${more}\r\n`);
  if (!endDialog(module, dialog, 'all', headers)) throw new RpcFault(500, 'Failed to terminate dialog');
}

function setState(module: DialogModule, args: RpcArguments): string {
  const words = texts(args, 3);
  const state = args.intOrText(3);
  if (words === null || state === null) throw new RpcFault(400, 'Need the callid, from tag,to tag and state');
  if (state < UNCONFIRMED || state > 5) throw new RpcFault(500, 'Invalid state value');
  const [callId = '', from = '', to = ''] = words;
  const dialog = module.table.match(callId, from, to)?.dialog;
  if (dialog === undefined) throw new RpcFault(500, 'Dialog not found');
  const text = `${dialog.callId}: state ${state} in place of ${dialog.state} by command`;
  module.host.log.write(L_NOTICE, 'dialog', text);
  module.table.force(dialog, state as DialogState);
  return 'Done';
}

function alive(module: DialogModule, args: RpcArguments): string {
  const dialog = byTags(module, args, 'Too few parameters (required callid, from-tag, to-tag)');
  if (dialog === null) throw new RpcFault(404, 'Dialog not found');
  if (dialog.state !== CONFIRMED) throw new RpcFault(500, 'Dialog not in confirmed state');
  return 'Alive';
}

/** @throws RpcFault 404 */
function profileNamed({ table }: DialogModule, name: string): void {
  if (!table.profiles.has(name)) throw new RpcFault(404, `Profile not found: ${name}`);
}

function profileSize(module: DialogModule, args: RpcArguments): number {
  const name = needed(args, 0);
  profileNamed(module, name);
  return module.table.profiles.size(name, optional(args, 1)) ?? 0;
}

function profileList(module: DialogModule, args: RpcArguments): RpcSeveral {
  const name = needed(args, 0);
  const value = optional(args, 1);
  profileNamed(module, name);
  const { table } = module;
  const link = table.profiles.link(name, value ?? '');
  // One for each membership, as in the original.
  const members = [...table.all()].flatMap((dialog) =>
    dialog.profiles
      .filter((one) => one.profile === name && (value === null || one.value === (link?.value ?? null)))
      .map(() => dialog),
  );
  return several(module, members);
}

function active({ table }: DialogModule): RpcStruct {
  const counts = { starting: 0, connecting: 0, answering: 0, ongoing: 0, all: 0 };
  for (const { state, isOver } of table.all()) {
    if (state === UNCONFIRMED) counts.starting++;
    else if (state === EARLY) counts.connecting++;
    else if (state === UNACKED) counts.answering++;
    else if (state === CONFIRMED) counts.ongoing++;
    if (!isOver) counts.all++;
  }
  return struct(counts);
}

function* summaries({ table }: DialogModule, letters: string): Generator<RpcValue> {
  for (const dialog of table.all()) yield dialogSummary(dialog, letters);
}

const LIST = { array: true } as const;

type Command = RpcDefinition<DialogModule>;

/** Other modules add nothing to a call here: with their context it is the same. */
function twice(name: string, doc: string, docOfContext: string, run: Command['run'], array = false): Command[] {
  return [rpc(name, [doc], run, { array }), rpc(`${name}_ctx`, [docOfContext], run, { array })];
}

export const DIALOG_RPC: readonly Command[] = [
  ...twice(
    'dlg.list',
    'Print all dialogs',
    'Print all dialogs with associated context',
    (m) => several(m, [...m.table.all()]),
    true,
  ),
  ...twice(
    'dlg.list_match',
    'Print matching dialogs',
    'Print matching dialogs with associated context',
    listMatch,
    true,
  ),
  rpc('dlg.dump_file', ['Print all dialogs to json file'], dumpFile),
  ...twice(
    'dlg.dlg_list',
    'Print dialog based on callid and optionally fromtag',
    'Print dialog with associated context based on callid and optionally fromtag',
    byCallId,
  ),
  rpc('dlg.end_dlg', ['End a given dialog based on [h_entry] [h_id]'], end),
  rpc('dlg.terminate_dlg', ['End a given dialog based on callid'], terminate),
  rpc('dlg.set_state', ['Set state for a dialog based on callid and tags'], setState),
  rpc('dlg.profile_get_size', ['Returns the number of dialogs belonging to a profile'], profileSize),
  rpc('dlg.profile_list', ['Lists all the dialogs belonging to a profile'], profileList, LIST),
  rpc('dlg.stats_active', ['Get stats about active dialogs'], active),
  rpc('dlg.is_alive', ['Check whether dialog is alive or not'], alive),
  rpc(
    'dlg.briefing',
    ['List the summary of dialog records in memory'],
    (m, args) => new RpcSeveral([...summaries(m, args.text(0) ?? 'ftcFT')]),
    LIST,
  ),
];
