/** A Kamailio that demands credentials and hands the call on: the carrier of the tests with real peers. */
export const CARRIER_CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
auto_aliases=no
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "auth.so"
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (CHALLENGE_auth) {
    xlog("L_NOTICE", "@@challenged $rm $cs from $fu\\n");
    CHALLENGE_ask;
    exit;
  }
  xlog("L_NOTICE", "@@let in $rm $cs from $fu as $au\\n");
  consume_credentials();
  record_route();
  $du = "sip:127.0.0.1:CALLEE_PORT";
  t_relay();
}
`;

/** The text with the checks of one kind of challenge. */
export function carrierCfg(status: 401 | 407): string {
  const check = status === 401 ? 'pv_www_authenticate' : 'pv_proxy_authenticate';
  const ask =
    status === 401 ? 'www_challenge("carrier.example.com", "1")' : 'proxy_challenge("carrier.example.com", "1")';
  return CARRIER_CFG.replace('CHALLENGE_auth', `!${check}("carrier.example.com", "test", "0")`).replace(
    'CHALLENGE_ask',
    ask,
  );
}
