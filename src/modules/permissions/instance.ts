import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost, VariableAccess } from '../../script/module-definition.ts';
import type { TableLoader } from '../support/table-loader.ts';
import type { AddressBook } from './addresses.ts';
import type { RuleFiles } from './rules.ts';
import type { TrustedBook, TrustedEntry } from './trusted.ts';

/** State of one program's permissions module. */
export interface PermissionsModule {
  readonly host: ModuleHost;
  addresses: AddressBook;
  trusted: TrustedBook;
  /** Null where the address table is not used. */
  readonly addressLoader: { load(): Promise<boolean>; stop(): void } | null;
  readonly trustedLoader: TableLoader<TrustedEntry> | null;
  readonly close: () => void;
  readonly files: RuleFiles;
  /** Allow and deny file for a base name. */
  readonly ruleFile: (name: string) => string;
  readonly allowSuffix: string;
  readonly denySuffix: string;
  readonly defaultAllow: string;
  readonly defaultDeny: string;
  readonly checkAllBranches: boolean;
  readonly peerTag: VariableAccess | null;
  readonly allTags: boolean;
  /** Milliseconds between two reloads. */
  readonly reloadDelta: number;
  /** Clock times before which there is no other reload. */
  readonly quiet: { until: number };
}

/** peer_tag_avp. */
export function setTag(m: PermissionsModule, ctx: ScriptContext, tag: string | null): void {
  if (tag !== null) m.peerTag?.set?.(ctx, tag);
}
