/** A number that BINRPC carries with three decimals, where an integer would lose something. */
export class RpcDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/**
 * One value of a command's result. A number is an integer (BINRPC: 32 bits, a larger one goes as a double); null is `<null string>` in BINRPC
 * and null in JSON, as Kamailio prints an absent text. Texts are UTF-8 decoded.
 */
export type RpcValue = string | number | null | RpcDouble | RpcStruct | RpcArray;

/** Named values in the order in which they are shown. */
export class RpcStruct {
  readonly members: readonly (readonly [name: string, value: RpcValue])[];
  constructor(members: readonly (readonly [name: string, value: RpcValue])[]) {
    this.members = members;
  }
}

/** Values in a row, as one value. */
export class RpcArray {
  readonly items: readonly RpcValue[];
  constructor(items: readonly RpcValue[]) {
    this.items = items;
  }
}

/**
 * Named values in a row, whose names may be the same: BINRPC has them as members of one struct, JSON as an array of one-member objects, as
 * Kamailio's usrloc and its like write them.
 */
export class RpcMembers extends RpcArray {
  readonly members: readonly (readonly [name: string, value: RpcValue])[];
  constructor(members: readonly (readonly [name: string, value: RpcValue])[]) {
    super(members.map((member) => new RpcStruct([member])));
    this.members = members;
  }
}

/**
 * Several values as one result: BINRPC has them one after the other, JSON in an array. They are drawn from the iterable slice by slice
 * between turns of the event loop, so that a result of a million structs stalls nobody.
 */
export class RpcSeveral {
  readonly values: Iterable<RpcValue>;
  constructor(values: Iterable<RpcValue>) {
    this.values = values;
  }
}

/** What a command gives back; undefined for a success without data. */
export type RpcResult = undefined | RpcValue | RpcSeveral;

/** Makes a struct of an object's members, in their order. */
export function struct(members: Readonly<Record<string, RpcValue>>): RpcStruct {
  return new RpcStruct(Object.entries(members));
}
