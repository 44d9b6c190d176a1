import { RpcArguments, RpcFault } from '../method.ts';
import type { RpcRegistry } from '../registry.ts';
import { type Printable, PrintableStruct, printJson, shapeResult } from './print.ts';
import {
  isRefusal,
  type JsonCall,
  type JsonId,
  type JsonRefusal,
  METHOD_NOT_FOUND,
  parseJsonRequest,
} from './request.ts';

/** What a client gets. */
export interface JsonAnswer {
  /** 200 and `OK`, or code and text of the error of a single call ($jsonrpl, HTTP). */
  readonly code: number;
  readonly text: string;
  /** The reply, piece by piece; null when there is none: a batch of nothing but notifications. */
  readonly pieces: Iterable<string> | null;
  /** Kamailio's `reply_name`, '' for none. */
  readonly replyName: string;
  /** Of a single call, null for a batch: what stands in for a reply that cannot be sent has it as well. */
  readonly id: JsonId | undefined;
}

/** Settings of a {@link JsonRpcServer}. */
export interface JsonRpcOptions {
  /** pretty_format: Kamailio's layout, for people. */
  readonly pretty: boolean;
  /** Told of a command that failed otherwise than by a fault. */
  readonly failed: (method: string, error: unknown) => void;
}

/** Makes calls of texts and texts of results, whatever they come and go by. */
export class JsonRpcServer {
  private readonly registry: RpcRegistry;
  private readonly options: JsonRpcOptions;

  constructor(registry: RpcRegistry, options: JsonRpcOptions) {
    this.registry = registry;
    this.options = options;
  }

  /**
   * Does what a text asks for. Never rejects: what cannot be done is an error in the answer.
   * @param text JSON, UTF-8 decoded
   */
  async answer(text: string): Promise<JsonAnswer> {
    const { calls, batch, replyName } = parseJsonRequest(text);
    if (!batch) {
      const [only] = calls;
      if (only === undefined) throw new Error('a request without a call');
      const outcome = await this.perform(only);
      return {
        ...(outcome.error ?? { code: 200, text: 'OK' }),
        // Without an id the original answers all the same, without an id.
        pieces: this.print(outcome.reply),
        replyName,
        id: only.id,
      };
    }
    const replies: Printable[] = [];
    for (const call of calls) {
      const { reply } = await this.perform(call);
      // JSON-RPC 2.0 §4.1, §6: in a batch, which the original does not know, nothing answers a notification.
      if (isRefusal(call) || call.id !== undefined) replies.push(reply);
    }
    return {
      code: 200,
      text: 'OK',
      pieces: replies.length === 0 ? null : this.printBatch(replies),
      replyName,
      id: null,
    };
  }

  /** An error as a reply of its own, for a transport that cannot carry the real one. */
  refuse(code: number, message: string, id: JsonId | undefined = null): string {
    return [...this.print(errorReply({ code, message, id }))].join('');
  }

  private print(reply: Printable): Iterable<string> {
    return printJson(reply, this.options.pretty);
  }

  private *printBatch(replies: readonly Printable[]): Generator<string> {
    const { pretty } = this.options;
    for (const [index, reply] of replies.entries()) {
      yield index === 0 ? '[' : pretty ? ', ' : ',';
      yield* printJson(reply, pretty, 1);
    }
    yield ']';
  }

  private async perform(call: JsonCall | JsonRefusal): Promise<Outcome> {
    if (isRefusal(call)) return failure(call);
    const { method, args, id } = call;
    const found = this.registry.find(method);
    if (found === undefined) return failure({ ...METHOD_NOT_FOUND, id });
    try {
      const result = shapeResult(await found.run(new RpcArguments(args)), found.array);
      return { reply: new PrintableStruct([JSONRPC, ['result', result], ...named(id)]), error: null };
    } catch (error) {
      if (error instanceof RpcFault) return failure({ code: error.code, message: error.message, id });
      this.options.failed(method, error);
      return failure({ code: 500, message: 'Internal error', id });
    }
  }
}

interface Outcome {
  readonly reply: Printable;
  readonly error: { readonly code: number; readonly text: string } | null;
}

const JSONRPC = ['jsonrpc', '2.0'] as const;

function named(id: JsonCall['id']): readonly (readonly [string, Printable])[] {
  return id === undefined ? [] : [['id', id]];
}

function errorReply({ code, message, id }: JsonRefusal): PrintableStruct {
  const error = new PrintableStruct([
    ['code', code],
    ['message', message],
  ]);
  return new PrintableStruct([JSONRPC, ['error', error], ...named(id)]);
}

function failure(refusal: JsonRefusal): Outcome {
  return { reply: errorReply(refusal), error: { code: refusal.code, text: refusal.message } };
}
