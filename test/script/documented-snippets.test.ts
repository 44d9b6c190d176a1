/**
 * Configurations made of the examples that the documentation of the uac and auth modules and blogs about them give, in the
 * forms in which people copy them: also with their slips.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, item, parse, problems, showStatement } from './parse-support.ts';

const uacModule = `#!KAMAILIO
#!define DBURL "mysql://kamailio:kamailiorw@localhost/kamailio"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "uac.so"
modparam("rr", "append_fromtag", 1)
modparam("uac","rr_from_store_param","my_param")
modparam("uac","rr_to_store_param","my_param")
modparam("uac","restore_mode","auto")
modparam("uac", "restore_dlg", 1)
modparam("uac","restore_passwd","my_secret_passwd")
modparam("uac","restore_from_avp","$avp(original_uri_from)")
modparam("uac","restore_to_avp","$avp(original_uri_to)")
modparam("uac","credential","username:domain:password")
modparam("uac","auth_realm_avp","$avp(arealm)")
modparam("uac","auth_username_avp","$avp(auser)")
modparam("uac","auth_password_avp","$avp(apasswd)")
modparam("uac", "reg_db_url",
"mysql://kamailio:kamailiorw@localhost/kamailio")
modparam("uac", "reg_timer_interval", 60)
modparam("uac", "reg_contact_addr", "192.168.1.2:5080")
modparam("uac", "event_callback", "ksr_uac_event")
`;

test('uac: parameters and functions as documented', () => {
  const parsed = parse(`${uacModule}
request_route {
   # replace both display and uri
   uac_replace_from("$avp(s:display)","$avp(s:uri)");
   # replace only display and do not touch uri
   uac_replace_from("batman","");   # display is replaced with: batman
   uac_replace_from("\\"batman\\"","");  # display is replaced with: "batman"
   uac_replace_from("","sip:robin@gotham.org");
   uac_replace_from("","");
   uac_replace_from("sip:batman@gotham.org");
   uac_restore_from();
   uac_replace_to("$avp(display)","$avp(uri)");
   uac_replace_to("sip:batman@gotham.org");
   uac_restore_to();
   if(is_method("INVITE")) {
      t_on_failure("TRUNKAUTH");
   }
   $uac_req(method)="OPTIONS";
   $uac_req(ruri)="sip:kamailio.org";
   $uac_req(callid)=$(mb{s.md5});
   $uac_req(evroute)=1;
   uac_req_send();
   if(uac_reg_lookup("$rU", "$ru"))
   {
       lookup("location");
   }
   $var(status) = uac_reg_status("$rU");
   uac_reg_enable("l_uuid", "account123");
   uac_reg_disable("l_uuid", "account123");
   uac_reg_refresh("account123");
}

event_route[uac:reply] {
   xlog("request sent to $uac_req(ruri) completed with code: $uac_req(evcode)\\n");
}

failure_route[TRUNKAUTH] {

    if (t_is_canceled()) {
        exit;
    }
    if(t_check_status("401|407")) {
        $avp(auser) = "test";
        $avp(apass) = "test";
        # $avp(apass) = "36d0a02793542b4961e8348347236dbf";
        # if (uac_auth("1")) {
        if (uac_auth()) {
            t_relay();
        }
        if (uac_auth_mode("1")) {
            t_relay();
        }
        exit;
    }
}
`);
  assert.deepEqual(problems(parsed), []);
  const values = parsed.ast.items.flatMap((found) =>
    found.kind === 'modParam' && found.param.startsWith('reg_') && found.value.kind !== 'identifier'
      ? [found.value.value]
      : [],
  );
  assert.deepEqual(values, ['mysql://kamailio:kamailiorw@localhost/kamailio', 60, '192.168.1.2:5080']);
});

test(`uac: the documented example that lacks ';' before '}'`, () => {
  const parsed = parse(`${uacModule}
request_route {
if(uac_reg_request_to("$fU", 0))
{
        xlog("L_NOTICE", "Found remote user [$rU] on [$rd] via [$du]");
        t_on_failure("REMOTE_AUTH");

        t_relay()
}
}

failure_route[REMOTE_AUTH] {
        if ($T_reply_code == 401 or $T_reply_code == 407) {
                xlog("L_NOTICE", "Remote asked for authentication");
                uac_auth();
        }
}
`);
  assert.deepEqual(problems(parsed), ['32:18 warning CFG_LENIENT']);
});

test('blog: a trunk that authenticates outbound calls', () => {
  const parsed = parse(`${uacModule}
request_route {
	$du = "sip:sip.nickvsnetworking.com:5060";
	if(is_method("INVITE")) {
		t_on_failure("TRUNKAUTH");
		t_relay();
		exit;
	   }
}
failure_route[TRUNKAUTH] {
    xlog("trunk auth");
    if (t_is_canceled()) {
        exit;
    }
	xlog("Checking status code");
    if(t_check_status("401|407")) {
	xlog("status code is valid auth challenge");
        $avp(auser) = "test";
        $avp(apass) = "test";
        uac_auth();
	xlog("after uac_auth");
        t_relay();
        exit;
    }
}
`);
  assert.deepEqual(problems(parsed), []);
});

test('blog: a message that tells about emergency calls', () => {
  const parsed = parse(`${uacModule}
request_route {
if(is_method("INVITE") && ($rU == "000" or $tU == "112" or $tU == "116")){      
#Matches any INVITEs with the Request URI to Address as 000, 112 or 116
  xlog("Emergency call from $fU to $rU (Emergency number) CSeq is $cs ");
  route("EmergencyNotify");
  #You obviously would want this to route to an emergency services destination...
  sl_reply("200", "ok");
  exit;
}
if(is_method("INVITE")){                                                                                
  #Matches everything else
  xlog("Just a regular call from $fU to $rU");
}
}
route["EmergencyNotify"]{
  xlog("Emergency Notify Route");
  $uac_req(method)="MESSAGE";
  $uac_req(hdrs)="Subject: Emergency Alert\\r\\n";
  $uac_req(hdrs)=$uac_req(hdrs) + "Content-Type: text/plain\\r\\n";
  $uac_req(body)="Emergency call from " + $fU + " on IP Address " + $si + " to " + $rU + " (Emergency Number)";
  $uac_req(evroute)=1;
  uac_req_send();
}
`);
  assert.deepEqual(problems(parsed), []);
});

test('blog: typographic quotes, as a word processor leaves them', () => {
  const parsed = parse(
    'request_route { t_on_failure(“TRUNKAUTH”); route(“EmergencyNotify”); }\nroute[“EmergencyNotify”]{ exit; }',
  );
  assert.deepEqual(errors(parsed), []);
  assert.equal(item({ ...parsed.ast, items: parsed.ast.items.slice(1) }, 'routeBlock').name, 'EmergencyNotify');
});

test('auth of OpenSER: wrong quotes, ; behind blocks, parameters that Kamailio has elsewhere', () => {
  const parsed = parse(`loadmodule "auth.so"
modparam("auth", "secret", "johndoessecretphrase")
modparam("auth", "nonce_expire", 600)   # Set nonce_expire to 600s
modparam("auth", "rpid_prefix", "Whatever <")
modparam("auth", "rpid_suffix", "@1.2.3.4>")
modparam("auth", "rpid_avp", "$avp(i:13)")
		
route {
if (www_authorize("siphub.net", "subscriber")) {
	www_challenge("siphub.net", "1");
};
if (!proxy_authorize("", "subscriber)) {
	proxy_challenge("", "1");  # Realm will be autogenerated
};
if (www_authorize("", "subscriber)) {
    consume_credentials();
};
if (is_rpid_user_e164()) {
    # do something here
};
append_rpid_hf();  # Append Remote-Party-ID header field
append_rpid_hf("", ";party=calling;id-type=subscriber;screen=yes");  # Append Remote-Party-ID header field
}
`);
  assert.deepEqual(problems(parsed), [
    '12:26 warning CFG_STRING_UNCLOSED',
    '15:23 warning CFG_STRING_UNCLOSED',
    '18:26 warning CFG_LENIENT',
  ]);
  const shown = item(parsed.ast, 'routeBlock').body.statements.map(showStatement);
  assert.equal(shown[2], 'if (! proxy_authorize("", "subscriber")) { proxy_challenge("", "1"); }');
  assert.equal(shown[4], 'if www_authorize("", "subscriber") { consume_credentials(); }');
});

test('auth of OpenSIPS: string qop, algorithms, wrapped comments', () => {
  const parsed = parse(`loadmodule "auth.so"
modparam("auth", "nonce_expire", 15)   # Set nonce_expire to 15s
modparam("auth", "username_spec", "$var(username)")
modparam("auth", "password_spec", "$var(password)")
modparam("auth", "calculate_ha1", 1)
modparam("auth", "disable_nonce_check", 1)
route {
if (!www_authorize("siphub.net", "subscriber")) {
        www_challenge("siphub.net", "auth,auth-int", "MD5,SHA-512-256");
}
$var(secure_algorithms) = "sha-256,sha-512-256";
if (!proxy_authorize("", "subscriber")) {
        proxy_challenge("", "auth", $var(secure_algorithms));  # Realm w
ill be autogenerated
                                                               # MD5 won
't be allowed
}
if (is_rpid_user_e164()) {
    # do something here
}
$var(username)="abc";
$var(password)="xyz";
if (!pv_www_authorize("opensips.org")) {
        www_challenge("opensips.org", "auth");
}
if (!pv_proxy_authorize("")) {
        proxy_challenge("", "auth");  # Realm will be autogenerated
}
}
`);
  assert.deepEqual(problems(parsed), [
    '14:1 warning CFG_COMMENT_WRAPPED',
    '16:1 warning CFG_COMMENT_WRAPPED',
    '18:26 warning CFG_LENIENT',
  ]);
});
