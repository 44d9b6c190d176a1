import type { SipMessage } from '../../message/message.ts';
import type { ScriptContext } from '../../script/context.ts';
import { type FunctionDefinition, fn } from '../../script/module-definition.ts';
import { ROUTE_ANY } from '../../script/values.ts';

/** Flags 0…31 of messages' top Via, for as long as the message is there. */
const FLAGS = new WeakMap<SipMessage, number>();

type Act = (flags: number, bit: number) => number | boolean;

const ACTIONS: readonly (readonly [name: string, act: Act])[] = [
  ['set', (flags, bit) => flags | bit],
  ['reset', (flags, bit) => flags & ~bit],
  ['is_set', (flags, bit) => (flags & bit) !== 0],
];

/**
 * The functions `<prefix>_set`, `_reset` and `_is_set` over the flags of one message's top Via.
 * @param pick the message; null fails
 */
export function viaFlagFunctions<M>(
  prefix: string,
  pick: (ctx: ScriptContext) => SipMessage | null,
): FunctionDefinition<M>[] {
  return ACTIONS.map(([name, act]) =>
    fn(
      `${prefix}_${name}`,
      ['int'],
      ROUTE_ANY,
      () => (ctx, flag) => {
        const message = pick(ctx);
        if (message === null || !(Number.isInteger(flag) && flag >= 0 && flag < 32)) return -1;
        const done = act(FLAGS.get(message) ?? 0, 1 << flag);
        if (typeof done === 'boolean') return done ? 1 : -1;
        FLAGS.set(message, done);
        return 1;
      },
      { support: 'partly: kept and told, nothing acts on them' },
    ),
  );
}
