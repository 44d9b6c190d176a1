/**
 * A Kamailio as a carrier's registrar: passwords checked by its auth module, nonce counts too, bindings in its usrloc. CTL_PATH is replaced
 * by the path of its control socket.
 */
export const REGISTRAR_CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
auto_aliases=no
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "ctl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("ctl", "binrpc", "unix:CTL_PATH")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "timer_interval", 1)
modparam("registrar", "min_expires", 2)
modparam("registrar", "max_expires", 3600)
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", 300)
request_route {
  if (!is_method("REGISTER")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  $var(result) = pv_www_authenticate("carrier.test", "secret", "0");
  if ($var(result) < 0) {
    xlog("L_NOTICE", "@@challenged $tU $cs ($var(result))\\n");
    auth_challenge("carrier.test", "1");
    exit;
  }
  if ($au != $tU) { sl_send_reply("403", "Not yours"); exit; }
  xlog("L_NOTICE", "@@let in $tU $cs\\n");
  save("location");
}
`;
