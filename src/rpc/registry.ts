import { type RpcArguments, RpcFault, type RpcMethod } from './method.ts';
import type { RpcResult } from './value.ts';

/** Every command of a server, by name: core's own and those of the loaded modules. */
export class RpcRegistry {
  private readonly methods = new Map<string, RpcMethod>();

  /** Adds a command; one of the same name is replaced (a new program brings its own). @returns call it to take the command away again */
  add(method: RpcMethod): () => void {
    this.methods.set(method.name, method);
    return () => {
      if (this.methods.get(method.name) === method) this.methods.delete(method.name);
    };
  }

  find(name: string): RpcMethod | undefined {
    return this.methods.get(name);
  }

  /** All of them, by name. */
  list(): readonly RpcMethod[] {
    return [...this.methods.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /**
   * Runs a command.
   * @throws RpcFault 500 when there is none of that name, or what the command throws
   */
  async call(name: string, args: RpcArguments): Promise<RpcResult> {
    const method = this.methods.get(name);
    if (method === undefined) throw new RpcFault(500, `command ${name} not found`);
    return method.run(args);
  }
}
