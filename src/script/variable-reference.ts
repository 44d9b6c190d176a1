/**
 * The parsed form of a `$variable` as it is written in a script: inside an expression (`$var(x) = …`) or inside an
 * interpolated string (`"call from $fU"`). What the name means is not known here; see interpolation.ts for the parser.
 */

/** One transformation of `$(var(x){s.select,1,:})`; they apply left to right. */
export interface Transformation {
  /** Class and operation, for example `s.select` or `uri.user`. */
  readonly name: string;
  /** Parameters, split at commas; a known operation's last parameter keeps its commas (`{s.select,0,,}` → `0` and `,`). */
  readonly params: readonly TransformationParam[];
  /** Everything after the first comma, unsplit. Empty when there are no parameters. */
  readonly rawParams: string;
  /** Offset of the transformation's name in the text that was parsed. */
  readonly offset: number;
}

/** A constant, or a variable that is read when the transformation runs. */
export type TransformationParam = string | VariableRef;

/** `[0]`, `[-1]`, `[*]` or `[$var(i)]`. */
export type VariableIndex = number | '*' | VariableRef;

/** One variable as written. */
export interface VariableRef {
  /** Name without `$`, for example `var`, `hdr`, `T_reply_code`, `?`. */
  readonly name: string;
  /** Text between the parentheses, `null` when there are none (`$ru`), empty for `$x()`. */
  readonly inner: string | null;
  /** The same text split into segments when it holds variables (`$sht(t=>$fU)`), else `null`. */
  readonly innerSegments: readonly Segment[] | null;
  readonly index: VariableIndex | null;
  readonly transformations: readonly Transformation[];
  /** The reference as written, from `$` to its last character. */
  readonly raw: string;
  /** Offset of the `$` in the text that was parsed. */
  readonly offset: number;
}

/** A piece of an interpolated text: characters to copy, or a variable to evaluate. `$$` has become a text `$`. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string; readonly offset: number }
  | { readonly kind: 'variable'; readonly ref: VariableRef; readonly offset: number };
