import { type RpcArguments, RpcFault, type RpcMethod } from './method.ts';
import type { RpcResult } from './value.ts';

/** Every command of a server, by name: core's own and those of the loaded modules. */
export class RpcRegistry {
  /** By name, the one in force last. */
  private readonly methods = new Map<string, readonly RpcMethod[]>();

  /**
   * Adds a command. One of the same name is covered by it (a new program brings its own), and is there again if the new one goes first:
   * a program whose start failed leaves those of the program before it.
   * @returns call it to take the command away again
   */
  add(method: RpcMethod): () => void {
    const { name } = method;
    this.methods.set(name, [...(this.methods.get(name) ?? []), method]);
    return () => {
      const left = (this.methods.get(name) ?? []).filter((other) => other !== method);
      if (left.length === 0) this.methods.delete(name);
      else this.methods.set(name, left);
    };
  }

  find(name: string): RpcMethod | undefined {
    return this.methods.get(name)?.at(-1);
  }

  /** All of them, by name. */
  list(): readonly RpcMethod[] {
    const found = [...this.methods.values()].flatMap((methods) => methods.at(-1) ?? []);
    return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /**
   * Runs a command.
   * @throws RpcFault 500 when there is none of that name, or what the command throws
   */
  async call(name: string, args: RpcArguments): Promise<RpcResult> {
    const method = this.find(name);
    if (method === undefined) throw new RpcFault(500, `command ${name} not found`);
    return method.run(args);
  }
}
