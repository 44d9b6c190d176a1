import type { ScriptContext } from '../../script/context.ts';
import { CONTEXT } from '../ksr/context.ts';
import type { World } from '../world.ts';
import { MessageContext } from './message-context.ts';

/** An event; its message is the one that caused it, or one that names nobody. */
export class EventContext extends MessageContext {
  /** As event_route has it: `uac:reply`. */
  readonly name: string;

  constructor(ctx: ScriptContext, world: World, name: string) {
    super(ctx, world);
    this.name = name;
  }

  /** Status of the reply that the event is about, 0 for none. */
  get status(): number {
    return this[CONTEXT].message.status;
  }
}
