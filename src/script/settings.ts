import type { ListenSocket } from '../transport/transport.ts';

/** Core parameters of a configuration that act at run time; names are Kamailio's. */
export interface Settings {
  /** Log threshold. */
  readonly debug: number;
  /** Whole header line without CRLF, empty for none. */
  readonly serverHeader: string;
  readonly userAgentHeader: string;
  readonly serverSignature: boolean;
  readonly sipWarning: boolean;
  readonly forceRport: boolean;
  readonly localRport: boolean;
  readonly checkVia: boolean;
  readonly replyToVia: boolean;
  readonly mhomed: boolean;
  readonly phone2tel: boolean;
  readonly maxWhileLoops: number;
  readonly maxRecursiveLevel: number;
  /** Not 0: in expressions calls are worth their code, and each but 0 is true (Kamailio 6). */
  readonly returnMode: number;
  readonly maxBranches: number;
  readonly udpMtu: number;
  readonly udpMtuTryProto: string;
  readonly serverId: number;
  readonly logPrefix: string;
  /** Names of the xavps that Via values are made of (xavp_via_params and its relatives), empty for none. */
  readonly viaXavps: { readonly params: string; readonly fields: string; readonly replyParams: string };
  readonly onsendRouteReply: boolean;
  /** Custom settings: 'group.name' to value ($sel(cfg_get.group.name), $ccp). */
  readonly custom: ReadonlyMap<string, string | number>;
  /** #!define table ($def). */
  readonly defines: ReadonlyMap<string, string>;
  /** Our sockets, once open. */
  readonly sockets: readonly ListenSocket[];
}
