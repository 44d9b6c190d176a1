/** Forking, failure routes, timeouts, transports: one configuration, one row of its route for each case, real sockets. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serverUnderTest, sleep, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { type PeerMessage, type Selector, SipPeer } from '../support/sip-peer.ts';
import { both, hopText } from './trunk.ts';

const CFG = `
debug=2
log_stderror=yes
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
modparam("rr", "enable_double_rr", 1)
modparam("tm", "fr_timer", 2000)
modparam("tm", "fr_inv_timer", 10000)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); }
    exit;
  }
  record_route();
  if ($rU == "fork") {
    $du = "sip:127.0.0.1:FIRST_PORT";
    append_branch("sip:fork2@example.com");
    $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT";
    t_relay();
    exit;
  }
  if ($rU == "serial") { t_on_failure("SERIAL"); $du = "sip:127.0.0.1:FIRST_PORT"; t_relay(); exit; }
  if ($rU == "quick") { t_set_fr(0, 400); t_on_failure("SERIAL"); $du = "sip:127.0.0.1:FIRST_PORT"; t_relay(); exit; }
  if ($rU == "moved") { t_on_failure("MOVED"); $du = "sip:127.0.0.1:FIRST_PORT"; t_relay(); exit; }
  if ($rU == "nowhere") { $ru = "sip:x@no-such-host.invalid"; if (!t_relay()) { sl_reply_error(); } exit; }
  if ($rU == "six") { $ru = "sip:x@[::1]:FIRST6_PORT"; t_relay(); exit; }
  $du = "sip:127.0.0.1:FIRST_PORT";
  t_relay();
}
failure_route[SERIAL] {
  if (t_is_canceled()) exit;
  if (t_branch_timeout() || t_check_status("486")) {
    $ru = "sip:voicemail@example.com";
    $du = "sip:127.0.0.1:SECOND_PORT";
    t_relay();
  }
}
failure_route[MOVED] {
  if (t_check_status("3[0-9][0-9]")) {
    $ru = "sip:" + $(T_rpl($ct){nameaddr.uri}{uri.user}) + "@example.com";
    $du = "sip:127.0.0.1:SECOND_PORT";
    t_relay();
  }
}
`;

describe('routing', () => {
  let server: TestServer;
  let caller: SipPeer;
  let tcpCaller: SipPeer;
  let first: SipPeer;
  let second: SipPeer;
  let six: SipPeer;
  before(async () => {
    caller = await SipPeer.open({ name: 'caller' });
    tcpCaller = await SipPeer.open({ name: 'caller', proto: 'tcp' });
    first = await SipPeer.open({ name: 'first' });
    second = await SipPeer.open({ name: 'second' });
    six = await SipPeer.open({ name: 'six', host: '::1' });
    server = await startServer({
      kind: serverUnderTest,
      cfg: CFG,
      listen: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT', 'udp:[::1]:PORT'],
      subst: { FIRST_PORT: first.port, SECOND_PORT: second.port, FIRST6_PORT: six.port },
    });
  });
  after(async () => {
    for (const one of [caller, tcpCaller, first, second, six]) await one?.close();
    await server?.stop();
  });

  /** Sends an INVITE for this user; how to wait for messages of its call. */
  async function invite(user: string, callId: string, from: SipPeer = caller, maxForwards = 70) {
    const text = requestText(from, { uri: `sip:${user}@example.com`, callId, maxForwards, body: SDP });
    await from.send(text, { host: '127.0.0.1', port: server.port });
    const at = (peer: SipPeer) => (selector: Selector) => peer.expect(both(selector, callId));
    return {
      text,
      atCaller: at(from),
      atFirst: at(first),
      atSecond: at(second),
      finals: () => from.messages('in').filter((m) => m.callId === callId && m.status >= 200 && m.method === 'INVITE'),
    };
  }

  async function acknowledge(text: string, final: PeerMessage): Promise<void> {
    await caller.send(hopText('ACK', text, final), { host: '127.0.0.1', port: server.port });
  }

  it('forks: the one who answers wins, the other is cancelled', async () => {
    const call = await invite('fork', 'fork@routing');
    const one = await call.atFirst('INVITE');
    const two = await call.atSecond('INVITE');
    assert.notEqual(one.branch, two.branch);
    await first.reply(one, 180, 'Ringing', { toTag: 'one' });
    await second.reply(two, 180, 'Ringing', { toTag: 'two' });
    await call.atCaller(180);
    await call.atCaller(180);
    await second.reply(two, 200, 'OK', { toTag: 'two', headers: [`Contact: <sip:second@${second.address}>`] });
    const cancel = await call.atFirst('CANCEL');
    assert.equal(cancel.branch, one.branch);
    await first.reply(cancel, 200, 'OK', { toTag: 'one' });
    await first.reply(one, 487, 'Request Terminated', { toTag: 'one' });
    await call.atFirst('ACK');
    assert.equal((await call.atCaller('200 INVITE')).tag('To'), 'two');
    await sleep(100);
    assert.equal(call.finals().length, 1);
  });

  it('forks: nobody answers, the better refusal goes to the caller, once', async () => {
    const call = await invite('fork', 'fork-refused@routing');
    await first.reply(await call.atFirst('INVITE'), 486, 'Busy Here', { toTag: 'one' });
    await second.reply(await call.atSecond('INVITE'), 503, 'Service Unavailable', { toTag: 'two' });
    const final = await call.atCaller((m) => m.status >= 300);
    await acknowledge(call.text, final);
    assert.equal(final.status, 486);
    await sleep(100);
    assert.equal(call.finals().length, 1);
  });

  it('6xx: cancels the others and wins', async () => {
    const call = await invite('fork', 'decline@routing');
    const two = await call.atSecond('INVITE');
    await second.reply(two, 180, 'Ringing', { toTag: 'two' });
    await call.atCaller(180);
    await first.reply(await call.atFirst('INVITE'), 603, 'Decline', { toTag: 'one' });
    const cancel = await call.atSecond('CANCEL');
    assert.match(cancel.header('Reason'), /cause=603/);
    await second.reply(cancel, 200, 'OK', { toTag: 'two' });
    await second.reply(two, 487, 'Request Terminated', { toTag: 'two' });
    const final = await call.atCaller((m) => m.status >= 300);
    assert.equal(final.status, 603);
    await acknowledge(call.text, final);
  });

  it('failure_route: busy goes on to another place, one call for the caller', async () => {
    const call = await invite('serial', 'serial@routing');
    await first.reply(await call.atFirst('INVITE'), 486, 'Busy Here');
    const two = await call.atSecond('INVITE');
    assert.equal(two.uri, 'sip:voicemail@example.com');
    await second.reply(two, 200, 'OK', { headers: [`Contact: <sip:second@${second.address}>`] });
    assert.equal((await call.atCaller('200 INVITE')).status, 200);
    assert.equal(call.finals().length, 1);
  });

  it('t_set_fr: silence ends early and the failure_route goes on', async () => {
    const started = performance.now();
    const call = await invite('quick', 'quick@routing');
    await call.atFirst('INVITE');
    const two = await call.atSecond('INVITE');
    const waited = performance.now() - started;
    assert.ok(waited > 350 && waited < 1_900, `${waited} ms, well before fr_timer`);
    await second.reply(two, 480, 'Away', { toTag: 'two' });
    const final = await call.atCaller((m) => m.status >= 300);
    await acknowledge(call.text, final);
    assert.equal(final.status, 480);
  });

  it('3xx: the failure_route follows the Contact', async () => {
    const call = await invite('moved', 'moved@routing');
    await first.reply(await call.atFirst('INVITE'), 302, 'Moved Temporarily', {
      headers: ['Contact: <sip:carol@elsewhere.example.com>'],
    });
    const two = await call.atSecond('INVITE');
    assert.equal(two.uri, 'sip:carol@example.com');
    await second.reply(two, 603, 'Decline', { toTag: 'two' });
    const final = await call.atCaller((m) => m.status >= 300);
    await acknowledge(call.text, final);
    assert.equal(final.status, 603);
  });

  it('a name that cannot be resolved: exactly one final reply', async () => {
    const call = await invite('nowhere', 'nowhere@routing');
    const final = await call.atCaller((m) => m.status >= 300);
    await acknowledge(call.text, final);
    assert.equal(final.status, 478);
    await sleep(300);
    assert.equal(call.finals().length, serverUnderTest === 'kamailio' ? 2 : 1);
  });

  it('Max-Forwards 0: 483, and nothing goes on', async () => {
    const call = await invite('plain', 'hops@routing', caller, 0);
    const final = await call.atCaller(483);
    await acknowledge(call.text, final);
    await sleep(100);
    assert.equal(first.messages('in').filter((m) => m.callId === 'hops@routing').length, 0);
  });

  it('TCP inside, UDP outside: two Record-Routes, requests of both sides find their way', async () => {
    const remote = { host: '127.0.0.1', port: server.port };
    const call = await invite('plain', 'tcp@routing', tcpCaller);
    const request = await call.atFirst('INVITE');
    const routes = request.routes('Record-Route');
    assert.equal(routes.length, 2);
    for (const route of routes) assert.match(route, /;r2=on/);
    assert.doesNotMatch(routes[0] ?? '', /transport=tcp/);
    assert.match(routes[1] ?? '', /transport=tcp/);
    await first.reply(request, 200, 'OK', { headers: [`Contact: <sip:first@${first.address}>`] });
    const inside = Dialog.ofCaller(tcpCaller, await call.atCaller('200 INVITE'), remote);
    const outside = Dialog.ofCallee(first, request, 'callee', remote);
    await inside.send('ACK', { cseq: 1 });
    const ack = await call.atFirst('ACK');
    assert.equal(ack.all('Route').length, 0, 'both of our routes are taken off');
    await outside.send('INFO');
    const info = await call.atCaller('INFO');
    assert.match(info.header('Via'), /SIP\/2\.0\/TCP/);
    await tcpCaller.reply(info, 200, 'OK');
    await call.atFirst('200 INFO');
    await inside.send('BYE');
    await first.reply(await call.atFirst('BYE'), 200, 'OK');
    await call.atCaller('200 BYE');
  });

  it('IPv4 inside, IPv6 outside', async () => {
    const call = await invite('six', 'six@routing');
    const request = await six.expect(both('INVITE', 'six@routing'));
    assert.match(request.header('Via'), /^SIP\/2\.0\/UDP \[::1\]:\d+;/);
    assert.ok(request.routes('Record-Route').some((route) => route.includes('[::1]')));
    await six.reply(request, 200, 'OK', { headers: [`Contact: <sip:six@${six.address}>`] });
    const inside = Dialog.ofCaller(caller, await call.atCaller('200 INVITE'), { host: '127.0.0.1', port: server.port });
    await inside.send('ACK', { cseq: 1 });
    await six.expect(both('ACK', 'six@routing'));
    await inside.send('BYE');
    await six.reply(await six.expect(both('BYE', 'six@routing')), 200, 'OK');
    await call.atCaller('200 BYE');
  });
});
