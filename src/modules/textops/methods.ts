import type { SipMessage } from '../../message/message.ts';
import { methodId } from '../../message/method.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY } from '../../script/values.ts';
import type { TextopsFunction, TextopsModule } from './instance.ts';

/** A list of methods such as `INVITE|BYE`. */
export interface MethodSet {
  /** Bits of the methods the stack knows. */
  readonly bits: number;
  /** Other methods, lower case. */
  readonly others: readonly string[];
}

/** More texts than a configuration has: arguments made of variables must not fill the memory. */
const MAX_CACHED = 1024;

function methodSet(m: TextopsModule, text: string): MethodSet {
  const known = m.methodSets.get(text);
  if (known !== undefined) return known;
  let bits = 0;
  const others: string[] = [];
  for (const part of text.split('|')) {
    const name = part.trim();
    if (name === '') continue;
    const id = methodId(name.toUpperCase());
    bits |= id;
    if (id === 0) others.push(name.toLowerCase());
  }
  const made: MethodSet = { bits, others };
  if (m.methodSets.size >= MAX_CACHED) m.methodSets.clear();
  m.methodSets.set(text, made);
  return made;
}

/** True when the message's method (a reply's is that of its CSeq) is in the list. */
function isMethod(message: SipMessage, { bits, others }: MethodSet): boolean {
  if (message.methodId !== 0) return (bits & message.methodId) !== 0;
  return others.length > 0 && others.includes(message.method.toLowerCase());
}

export const METHOD_FUNCTIONS: readonly TextopsFunction[] = [
  fn('is_method', ['str'], ROUTE_ANY, (m: TextopsModule) => (ctx, text) => {
    return isMethod(ctx.message, methodSet(m, text)) ? 1 : -1;
  }),
];
