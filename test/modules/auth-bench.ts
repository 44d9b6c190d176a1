/** The module auth in a host whose replies are kept with their header lines. */
import { auth } from '../../src/modules/auth.ts';
import { RpcArguments } from '../../src/rpc/method.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { context, type LoadedModule, load, request, type TestHost, testHost } from './support.ts';

export interface Sent {
  readonly line: string;
  readonly headers: readonly string[];
}

/** A module with what it has sent. */
export class AuthBench {
  readonly host: TestHost = testHost();
  readonly module: LoadedModule;
  readonly sent: Sent[] = [];

  constructor(params: Readonly<Record<string, number | string | readonly string[]>> = {}) {
    const reply = (state: ScriptContext['state'], status: number, reason: string): number => {
      this.sent.push({
        line: `${status} ${reason}`,
        headers: state.replyHeaders.split('\r\n').filter((h) => h !== ''),
      });
      return 1;
    };
    Object.assign(this.host.proxy, { reply, statelessReply: reply });
    this.module = load(auth, this.host, params);
    this.host.clock.advance(10);
  }

  ctx(options: Parameters<typeof request>[0] = {}): ScriptContext {
    return context(
      this.host,
      request({
        method: 'REGISTER',
        body: '',
        from: '<sip:alice@ex.com>;tag=1',
        to: '<sip:alice@reg.ex.com>',
        ...options,
      }),
    );
  }

  call(ctx: ScriptContext, name: string, ...args: unknown[]): number {
    return this.module.call(ctx, name, ...args) as number;
  }

  /** Challenges, and answers with what the challenge wants. */
  answered(
    challenge: readonly unknown[],
    options: {
      user?: string;
      password?: string;
      nc?: number;
      proxy?: boolean;
      method?: string;
      ruri?: string;
    } = {},
  ): ScriptContext {
    const { method = 'REGISTER', ...message } = options;
    const asked = message.ruri === undefined ? { method } : { method, ruri: message.ruri };
    this.call(this.ctx(asked), options.proxy ? 'proxy_challenge' : 'www_challenge', ...challenge);
    const [name = '', value = ''] = this.sent.at(-1)?.headers[0]?.split(/: (.*)/s) ?? [];
    const { user = 'alice', password = 'secret', nc = 1 } = options;
    const credentials = answerChallenge(value, { user, password, method, uri: 'sip:ex.com', nc });
    const header = name.startsWith('WWW') ? 'Authorization' : 'Proxy-Authorization';
    return this.ctx({ ...asked, headers: `${header}: ${credentials}\r\n` });
  }

  async rpc(name: string, ...args: string[]): Promise<unknown> {
    const found = auth.definition.rpc?.find((one) => one.name === name);
    return found?.run(this.module.instance, new RpcArguments(args.map((value) => ({ kind: 'string', value }))));
  }
}

/** Header lines of a reply, without what nonces differ in. */
export function masked(sent: Sent | undefined): readonly string[] {
  return (sent?.headers ?? []).map((line) => line.replace(/nonce="[^"]+"/, 'nonce="N"'));
}
