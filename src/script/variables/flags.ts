import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { access, type CoreVariable, innerText, noIndex, type Setter, simple } from './define.ts';

/** One word of 32 flags: where it is read and written. */
interface FlagWord {
  read(ctx: ScriptContext): number;
  write(ctx: ScriptContext, flags: number): void;
}

/** Kamailio takes integers only; undefined clears. */
function wordSetter(word: FlagWord): Setter {
  return (ctx, value) => {
    if (typeof value === 'string') return false;
    word.write(ctx, value ?? 0);
    return true;
  };
}

/** A flag's number 0 … 31, or -1. */
function bitNumber(text: string): number {
  return /^\d{1,2}$/.test(text) && Number(text) < 32 ? Number(text) : -1;
}

/** `$Mf(3)`: one flag as 1 or 0. */
function bitVariable(name: string, word: FlagWord): CoreVariable {
  return {
    name,
    writable: true,
    inner: 'required',
    bind: () => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      if (inner === null) return `$${name}() needs a flag's number`;
      if (inner.constant !== null && bitNumber(inner.constant) < 0) return `$${name}() takes a flag's number, 0 to 31`;
      const bit = (ctx: ScriptContext): number => bitNumber(innerText(inner, ctx));
      return access(
        text,
        (ctx) => {
          const at = bit(ctx);
          return at < 0 ? null : (word.read(ctx) >>> at) & 1;
        },
        null,
        (ctx, value: Value) => {
          const at = bit(ctx);
          if (at < 0 || typeof value === 'string') return false;
          const mask = 1 << at;
          word.write(ctx, value === null || value === 0 ? word.read(ctx) & ~mask : word.read(ctx) | mask);
          return true;
        },
      );
    },
    support: 'yes',
  };
}

function variables(letter: string, word: FlagWord): CoreVariable[] {
  const set = wordSetter(word);
  return [
    simple(`${letter}f`, { get: (ctx) => word.read(ctx) >>> 0, set }),
    simple(`${letter}F`, {
      get: (ctx) => (word.read(ctx) >>> 0).toString(16).padStart(8, '0'),
      int: (ctx) => word.read(ctx) | 0,
      set,
    }),
    bitVariable(`${letter.toUpperCase()}f`, word),
  ];
}

/** Flags of the message or transaction (setflag), of the branch (setbflag) and of the script run (setsflag). */
export const flagVariables: readonly CoreVariable[] = [
  ...variables('m', {
    read: (ctx) => ctx.state.flags,
    write: (ctx, flags) => {
      ctx.state.flags = flags >>> 0;
    },
  }),
  ...variables('b', {
    read: (ctx) => ctx.target.flags,
    write: (ctx, flags) => {
      ctx.target.flags = flags >>> 0;
    },
  }),
  ...variables('s', {
    read: (ctx) => ctx.scriptFlags,
    write: (ctx, flags) => {
      ctx.scriptFlags = flags >>> 0;
    },
  }),
];
