import type { ModuleSettings } from './generated/ksr-modules.ts';

/** A socket to open: `udp:192.0.2.10:5060` as in a listen line, or with what others shall see in its place. */
export type Listen =
  | string
  | {
      /** `[proto:]host[:port]` */
      readonly address: string;
      /** `host[:port]` to show in Via, Record-Route and Contact. */
      readonly advertise?: string;
      /** Name by which routes find the socket. */
      readonly name?: string;
    };

/** What the server needs beside the handlers. Everything may be left out. */
export interface RoutesConfig {
  /** Sockets to open; without one, port 5060 of every interface. */
  readonly listen?: Listen | readonly Listen[];
  /** Names that are this server as well: `example.com`, `example.com:5060`. */
  readonly alias?: string | readonly string[];
  /** Modules to load, each with its parameters. `tm`, `sl`, `rr`, `uac` and `pv` are always there: handlers are built on them. */
  readonly modules?: ModuleSettings;
  /** Core parameters by their names in kamailio.cfg: `{ debug: 2, server_header: 'Server: x' }`; with a dot in the name, custom settings. */
  readonly core?: Readonly<Record<string, string | number | boolean>>;
  /** Seconds after which a handler that waits for something is no longer waited for; 0: never. Default 10. */
  readonly waitLimit?: number;
}

/** Gives a configuration its types: `export const config = defineConfig({ … })`. */
export function defineConfig(config: RoutesConfig): RoutesConfig {
  return config;
}
