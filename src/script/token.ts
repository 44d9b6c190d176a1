/** The units the parser works on. */
import type { Span } from './source.ts';
import type { VariableRef } from './variable-reference.ts';

interface TokenBase {
  /** As written; for macros the text inside the define's value. */
  readonly text: string;
  /** Where it was written; for a token out of a define, where the define was used. */
  readonly at: Span;
  /** False when it stands directly behind the token before it: `udp:1.2.3.4`. */
  readonly spaceBefore: boolean;
  /** True for the first token of a line. */
  readonly newlineBefore: boolean;
  /** What a message about it should add, when a define had a part in it; else `null`. */
  readonly note: string | null;
}

export type Token = TokenBase &
  (
    | { readonly kind: 'word' }
    /** Value wrapped to 32 bits signed. */
    | { readonly kind: 'int'; readonly value: number }
    | {
        readonly kind: 'string';
        /** After escapes and `#!subst`. */
        readonly value: string;
        readonly quote: '"' | "'";
        /** Text between the quotes when it stands so in the file, else `null`. */
        readonly raw: string | null;
      }
    /** `ref` is `null` when the variable could not be read (already reported). */
    | { readonly kind: 'variable'; readonly ref: VariableRef | null }
    | { readonly kind: 'select' }
    /** IPv4 or IPv6 address; `address` has no brackets. */
    | { readonly kind: 'ip'; readonly address: string }
    /** Name between the brackets of `event_route[…]`. */
    | { readonly kind: 'eventName'; readonly name: string }
    /** A word after `loadmodule` that is not quoted: `loadmodule tm.so`. */
    | { readonly kind: 'bare' }
    | { readonly kind: 'punct' }
    | { readonly kind: 'eof' }
  );

export type TokenKind = Token['kind'];

/** A token as a message names it. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case 'eof':
      return 'the end of the file';
    case 'string':
      return token.value.length > 24 ? 'a string' : `the string "${token.value}"`;
    case 'variable':
      return `the variable ${token.text}`;
    default:
      return `'${token.text}'`;
  }
}
