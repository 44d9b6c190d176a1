import type { RpcResult } from './value.ts';

/** A command refuses or fails; code and text reach the client as they are (BINRPC fault, JSON-RPC error). */
export class RpcFault extends Error {
  /** Kamailio's codes: 400 wrong parameters, 404 not found, 409 exists, 500 failure. */
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'RpcFault';
    this.code = code;
  }
}

/** A parameter as it was given. kamcmd types them by their look: 42 is an int, 4.2 a double, everything else and `s:42` a string. */
export type RpcArgument =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string };

/** The parameters of one call, read by position. */
export class RpcArguments {
  readonly list: readonly RpcArgument[];
  private readonly convert: boolean;

  /** @param convert every number is taken for a text and the other way round (ctl's autoconversion) */
  constructor(list: readonly RpcArgument[], convert = false) {
    this.list = list;
    this.convert = convert;
  }

  get count(): number {
    return this.list.length;
  }

  /** A string parameter; null when it is missing or of another type (rpc->scan "S"). */
  text(index: number): string | null {
    if (this.convert) return this.textOrInt(index);
    const found = this.list[index];
    return found?.kind === 'string' ? found.value : null;
  }

  /** A string parameter for which an int is taken, too (rpc->scan ".S"); null for a missing one or a double. */
  textOrInt(index: number): string | null {
    const found = this.list[index];
    if (found === undefined || found.kind === 'double') return null;
    return `${found.value}`;
  }

  /** An int parameter; null when it is missing or of another type (rpc->scan "d"). */
  int(index: number): number | null {
    if (this.convert) return this.intOrText(index);
    const found = this.list[index];
    return found?.kind === 'int' ? found.value : null;
  }

  /** An int parameter for which a double (cut) and the text of a number are taken, too (rpc->scan ".d"); null for any other. */
  intOrText(index: number): number | null {
    const found = this.list[index];
    if (found === undefined) return null;
    if (found.kind === 'string') return /^\s*[+-]?\d+$/.test(found.value) ? Number(found.value) | 0 : null;
    return Math.trunc(found.value) | 0;
  }
}

/** One command. */
export interface RpcMethod {
  /** `group.command` */
  readonly name: string;
  /** What it does and takes, a line each: system.methodHelp. */
  readonly doc: readonly string[];
  /** True when JSON always has an array of its values, a single one or none too (Kamailio's RET_ARRAY). */
  readonly array: boolean;
  /** @throws RpcFault; any other error is logged and becomes fault 500 */
  readonly run: (args: RpcArguments) => RpcResult | Promise<RpcResult>;
}
