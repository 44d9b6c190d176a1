/** Names by which Kamailio's script engines know functions that kamailio.cfg calls otherwise: module, name there, name in the cfg. */
export const KEMI_NAMES: readonly (readonly [module: string, kemi: string, cfg: string])[] = [
  ['maxfwd', 'process_maxfwd', 'mf_process_maxfwd_header'],
  ['uac', 'uac_replace_from_uri', 'uac_replace_from'],
  ['uac', 'uac_replace_to_uri', 'uac_replace_to'],
];
