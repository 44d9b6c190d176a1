import type { CallDialog } from '../../dialog/call-dialog.ts';
import { EditList } from '../../message/edits.ts';
import type { SipMessage } from '../../message/message.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { RequestState } from '../../proxy/request-state.ts';
import { ScriptContext } from '../../script/context.ts';
import { fromHere, runOccasion } from '../../script/occasion.ts';
import { ROUTE_EVENT } from '../../script/values.ts';
import { type DialogModule, setCurrent } from './instance.ts';

/**
 * Runs an event route of a call with the message that caused it.
 * @param reply null when the request itself, or a reply that was made here, caused it
 */
export function runMessageEvent(
  module: DialogModule,
  name: string,
  state: RequestState,
  reply: SipMessage | null,
  branch: Branch | null,
): void {
  const program = module.host.program();
  const route = program.route('event', name);
  if (route === null) return;
  const { received, target } = state;
  const message = reply ?? state.message;
  const edits = reply === null ? state.edits : new EditList();
  const serial = received.serial ?? 0;
  const ctx = new ScriptContext(program, ROUTE_EVENT, message, state, target, edits, branch, reply, received, serial);
  void program.run(route, ctx);
}

/**
 * Runs a route for a call that no message caused: its lifetime is over, an operator ended it.
 * @param kind `event`, or `route` for the route of its timeout
 */
export function runOwnEvent(module: DialogModule, kind: 'event' | 'route', name: string, dialog: CallDialog): void {
  const { host } = module;
  const here = fromHere(host.sender.sockets, host.clock.now());
  runOccasion(host.program(), kind, name, here, ({ state }) =>
    setCurrent(state, { dialog, side: 'caller', initial: false }),
  );
}
