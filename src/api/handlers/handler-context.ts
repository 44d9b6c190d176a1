import type { ScriptContext } from '../../script/context.ts';
import { L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN } from '../../script/log.ts';
import type { Ksr } from '../generated/ksr-modules.ts';
import { Bound, CONTEXT } from '../ksr/context.ts';
import { type FinalReply, type RequestToSend, sendRequestOf } from '../send.ts';
import { dataOf, type World } from '../world.ts';

/** Where handlers write to the server's log. */
export interface HandlerLog {
  debug(text: string): void;
  info(text: string): void;
  notice(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** What every handler has. It belongs to one message: keep it, await, and it is still about that one. */
export class HandlerContext extends Bound {
  /** @internal */
  protected readonly world: World;

  constructor(ctx: ScriptContext, world: World) {
    super(ctx);
    this.world = world;
  }

  /** Kamailio's KSR object: every function of every loaded module. */
  get ksr(): Ksr {
    return this.world.ksr(this[CONTEXT]);
  }

  /** What handlers keep with the request for those that run later (failure, reply, branch); it ends with the request. */
  get data(): Map<string, unknown> {
    return dataOf(this[CONTEXT]);
  }

  get log(): HandlerLog {
    const { log } = this.world.host;
    const at = (level: number) => (text: string) => {
      if (level <= log.level) log.write(level, 'script', text);
    };
    return { debug: at(L_DBG), info: at(L_INFO), notice: at(L_NOTICE), warn: at(L_WARN), error: at(L_ERR) };
  }

  /**
   * Sends a request of our own. A challenge is answered when there is a credential.
   * @returns the final reply; it never rejects for what the network does: without a reply the status is 408, 477 or 478 and `local` is true
   * @throws ApiError API_SEND when it cannot be put together
   */
  send(request: RequestToSend): Promise<FinalReply> {
    return sendRequestOf(this.world.host, request);
  }
}
