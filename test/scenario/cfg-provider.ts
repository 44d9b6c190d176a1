/**
 * A Kamailio as a whole carrier: who registers proves its password (401), and so does who calls (407), each new INVITE in a call included. Calls
 * go to the registered contact. What comes in is printed, one line a request. CTL_PATH is replaced by the path of its control socket.
 */
export const PROVIDER_REALM = 'carrier.test';
export const PROVIDER_PASSWORD = 'pr0vided';

export const PROVIDER_CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
auto_aliases=no
alias="${PROVIDER_REALM}"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "ctl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("ctl", "binrpc", "unix:CTL_PATH")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  xlog("L_NOTICE", "@@$rm $ru from $fu to $tu cseq $cs auth $au by $ua\\n");
  if (is_method("ACK")) t_check_trans();
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${PROVIDER_REALM}", "${PROVIDER_PASSWORD}", "0")) { www_challenge("${PROVIDER_REALM}", "1"); exit; }
    if ($au != $tU) { sl_send_reply("403", "Not yours"); exit; }
    save("location");
    exit;
  }
  if (is_method("INVITE")) {
    # The ACK of the refusal then ends here in a call, too.
    t_newtran();
    if (!pv_proxy_authenticate("${PROVIDER_REALM}", "${PROVIDER_PASSWORD}", "0")) { proxy_challenge("${PROVIDER_REALM}", "1"); exit; }
    consume_credentials();
    record_route();
  }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (!lookup("location")) { sl_send_reply("404", "Unknown number"); exit; }
  t_relay();
}
`;
