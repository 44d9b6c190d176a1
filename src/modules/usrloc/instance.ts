import type { ModuleHost } from '../../script/module-definition.ts';
import type { Keepalives } from './keepalive.ts';
import type { Location } from './location.ts';
import type { UsrlocSettings } from './settings.ts';

/** State of one program's usrloc module. */
export interface UsrlocModule {
  readonly host: ModuleHost;
  readonly settings: UsrlocSettings;
  /** The contacts, which outlive configurations. */
  readonly location: Location;
  /** Null when usrloc sends none. */
  readonly keepalives: Keepalives | null;
  /** Slots that commands tell of. */
  readonly hashSize: number;
  /** Gives up the contacts. */
  readonly release: () => void;
}
