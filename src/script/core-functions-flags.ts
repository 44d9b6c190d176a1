/** setflag(), resetflag(), isflagset(): message flags, which travel into the transaction. */
import type { CoreArg } from './compile-ir.ts';
import { argInt, type CoreFunction, type CoreScope, coreFunction } from './core-functions-define.ts';
import { didYouMean } from './suggestion.ts';

const LAST_FLAG = 31;

function flagNumber(arg: CoreArg | undefined, scope: CoreScope): number | string {
  const number = argInt(arg);
  if (number !== null)
    return number >= 0 && number <= LAST_FLAG ? number : `there is no flag ${number}; flags are 0 to ${LAST_FLAG}`;
  if (arg === undefined || (arg.kind !== 'word' && arg.kind !== 'text'))
    return 'a flag is a number or a name declared with flags';
  const known = scope.flag(arg.value);
  if (known !== undefined) return known;
  const hint = didYouMean(arg.value, scope.flagNames);
  return `no flag '${arg.value}' is declared with flags${hint === undefined ? '' : `; ${hint}`}`;
}

/** setflag(n|name) and its relatives. */
export function flagFunctions(): CoreFunction[] {
  const flag = (name: string, make: (mask: number) => ReturnType<CoreFunction['prepare']>): CoreFunction =>
    coreFunction(name, 1, ([arg], scope) => {
      const number = flagNumber(arg, scope);
      return typeof number === 'string' ? number : make(1 << number);
    });
  const avpFlag = (name: string): CoreFunction =>
    coreFunction(name, 2, () => () => -1, { support: 'no: AVP flags do not exist' });
  return [
    flag('setflag', (mask) => ({ state }) => {
      state.flags |= mask;
      return 1;
    }),
    flag('resetflag', (mask) => ({ state }) => {
      state.flags &= ~mask;
      return 1;
    }),
    flag(
      'isflagset',
      (mask) =>
        ({ state }) =>
          (state.flags & mask) !== 0 ? 1 : -1,
    ),
    avpFlag('setavpflag'),
    avpFlag('resetavpflag'),
    avpFlag('isavpflagset'),
  ];
}
