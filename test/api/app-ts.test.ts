import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfiguration } from '../../src/server/server.ts';
import { StartError } from '../../src/server/server-api.ts';
import { testRoutes } from '../../src/testing/index.ts';
import { openPeer, until } from '../server/support.ts';
import { requestText } from '../support/sip-dialog.ts';
import { optionsForFiles, startFiles } from './support.ts';

const HEAD = `listen=udp:127.0.0.1:PORT
debug=3
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "uac.so"
loadmodule "app_ts.so"
modparam("app_ts", "load", "routes.ts")
modparam("app_ts", "wait_limit", 1)
`;

/** The README's example in TypeScript (uac README, event_callback), and what the configuration around it sends. */
const README = `import type { Ksr } from 'trunkline';
export function ksr_uac_event(KSR: Ksr, evname: string) {
  KSR.info("===== uac module triggered event: " + evname + "\\n");
  KSR.notice("status " + KSR.kx.get_status() + " for " + KSR.pv.get("$uac_req(method)"));
  return 1;
}`;

function sending(address: string, head = HEAD): string {
  return `${head}modparam("uac", "event_callback", "ksr_uac_event")
request_route {
  $uac_req(method) = "OPTIONS"; $uac_req(ruri) = "sip:${address}"; $uac_req(furi) = "sip:a@b"; $uac_req(evroute) = 1;
  uac_req_send();
  sl_send_reply("200", "sent");
}
event_route[uac:reply] { xlog("L_NOTICE", "never\\n"); }`;
}

test('event_callback: the README’s function is called with the event’s name, in the place of the event route', async () => {
  const watch = await openPeer({ name: 'watch' });
  const { ask, log } = await startFiles({ 'main.cfg': sending(watch.address), 'routes.ts': README });
  assert.equal((await ask()).startLine, 'SIP/2.0 200 sent');
  const request = await watch.expect('OPTIONS');
  await watch.reply(request, 404, 'Not Found');
  await until(() => log.lines.some(({ text }) => text === 'status 404 for OPTIONS'));
  assert.ok(log.lines.some(({ text, level }) => text === '===== uac module triggered event: uac:reply' && level === 2));
  assert.deepEqual(log.script, []);
});

test('a callback that no file exports: an error with its place and a suggestion', async () => {
  const text = sending('127.0.0.1:9').replaceAll('PORT', '5060');
  for (const [routes, hint] of [
    [README.replace('ksr_uac_event', 'ksr_uac_evnt'), /did you mean 'ksr_uac_evnt'\?/],
    ['', /modparam\("app_ts", "load", "routes\.ts"\)/],
  ] as const) {
    const result = await checkConfiguration(optionsForFiles({ 'main.cfg': text, 'routes.ts': routes }));
    assert.equal(result.ok, false);
    assert.match(
      result.text,
      /^\S*main\.cfg:12:\d+: error: no loaded file exports a function ksr_uac_event \[CFG_UNKNOWN_CALLBACK\]/,
    );
    assert.match(result.text, hint);
  }
  const call = `${HEAD.replaceAll('PORT', '5060')}request_route { ts_run("gret"); }`;
  const misspelt = await checkConfiguration(
    optionsForFiles({ 'main.cfg': call, 'routes.ts': 'export const greet = () => 1;' }),
  );
  assert.match(
    misspelt.text,
    /main\.cfg:12:\d+: error: .*function gret \[CFG_UNKNOWN_CALLBACK\][\s\S]*did you mean 'greet'/,
  );
  const missing = await checkConfiguration(optionsForFiles({ 'main.cfg': call }));
  assert.match(missing.text, /main\.cfg:10:\d+: error: routes\.ts cannot be read: there is no such file/);
});

test('a callback that throws is logged with its place; one that never ends is given up; the server goes on', async () => {
  const watch = await openPeer({ name: 'watch' });
  const routes = `export async function ksr_uac_event(KSR, evname) {
  if (KSR.kx.get_status() === 404) throw new Error('no watch');
  await new Promise(() => {});
}`;
  const { ask, log } = await startFiles({ 'main.cfg': sending(watch.address), 'routes.ts': routes });
  for (const status of [404, 200]) {
    assert.equal((await ask()).startLine, 'SIP/2.0 200 sent');
    await watch.reply(await watch.expect('OPTIONS'), status, 'X');
  }
  await until(() => log.has('API_HANDLER_FAILED') && log.has('API_HANDLER_SLOW'), 'both lines', 3000);
  const line = log.lines.find(({ code }) => code === 'API_HANDLER_FAILED');
  assert.equal(line?.text, 'ksr_uac_event: no watch (routes.ts:2:42)');
  assert.equal((await ask()).startLine, 'SIP/2.0 200 sent');
});

test('ts_run: arguments, codes, waiting; functions that arm routes; reload of the file alone', async () => {
  const routes = `
export async function price(KSR, user, factor) {
  await null;
  if (factor === null) return -1;
  KSR.pv.seti('$var(price)', user.length * factor);
  KSR.tm.t_on_failure('ksr_failure');
  return KSR.pv.get('$var(price)') > 5 ? 2 : false;
}
export function ksr_failure(KSR) { KSR.tm.t_reply(480, 'by code'); }`;
  const cfg = `${HEAD}
request_route {
  if (ts_run("price", "$hdr(X-User)", 2)) { $du = "sip:" + $hdr(X-To); t_relay(); exit; }
  sl_send_reply("403", "$rc $var(price)");
}`;
  const { ask, write, server, log } = await startFiles({ 'main.cfg': cfg, 'routes.ts': routes });
  const nobody = await openPeer({ name: 'nobody' });
  nobody.on('OPTIONS', (message) => void nobody.reply(message, 500, 'X'));
  assert.equal((await ask('OPTIONS', ['X-User: ab'])).startLine, 'SIP/2.0 403 -1 4');
  assert.equal((await ask('OPTIONS', ['X-User: abc', `X-To: ${nobody.address}`])).startLine, 'SIP/2.0 480 by code');
  write('routes.ts', routes.replace('user.length', '10 * user.length'));
  assert.ok(server.files.some((file) => file.endsWith('/routes.ts')));
  await server.reload();
  assert.equal((await ask('OPTIONS', ['X-User: a', `X-To: ${nobody.address}`])).startLine, 'SIP/2.0 480 by code');
  write('routes.ts', 'export const price = (: 1;');
  await assert.rejects(server.reload(), (error: StartError) => {
    assert.ok(error instanceof StartError);
    assert.match(error.details, /routes\.ts:1:1: error: .*\[CFG_CODE_SYNTAX\]/);
    return true;
  });
  assert.equal((await ask('OPTIONS', ['X-User: a', `X-To: ${nobody.address}`])).startLine, 'SIP/2.0 480 by code');
  assert.equal(log.lines.filter(({ code }) => code.startsWith('API_')).length, 0);
});

test('what KSR refuses, it says with a code: arguments, places, names of routes, variables, headers', async () => {
  const calls: readonly [call: string, code: string, text: RegExp][] = [
    ['KSR.sl.send_reply(200)', 'API_ARGUMENT', /sl\.send_reply\(\) takes 2 arguments, 1 given/],
    ['KSR.tm.t_set_fr("soon")', 'API_ARGUMENT', /argument 1 of tm\.t_set_fr\(\) is "soon" and not a whole number/],
    ['KSR.sl.send_reply(200, null)', 'API_ARGUMENT', /argument 2 .* is null and not a text/],
    ['KSR.uac.uac_auth()', 'API_WRONG_ROUTE', /only in failure_route/],
    ['KSR.tm.t_on_failure("NONE")', 'API_UNKNOWN_ROUTE', /no failure route .*NONE/],
    ['KSR.pv.get("$nosuch")', 'API_VARIABLE', /\$nosuch/],
    ['KSR.pv.sets("$ci", "x")', 'API_VARIABLE', /cannot be written/],
    ['KSR.hdr.append("X: a\\r\\n\\r\\nb")', 'API_HEADER', /is no header line/],
    ['KSR.textops.search("x")', 'API_MODULE_NOT_LOADED', /module textops is not loaded/],
    ['KSR.tmm.t_relay()', 'API_UNKNOWN_FUNCTION', /nothing of the name tmm.*did you mean 'tm/],
    ['KSR.x.modf("t_rely")', 'API_UNKNOWN_FUNCTION', /did you mean 't_relay'/],
    ['KSR.is_method_in("Z")', 'API_ARGUMENT', /knows IABCRMOSPNU/],
    ['KSR.setflag(40)', 'API_ARGUMENT', /flags are 0 to 31/],
  ];
  let call: (KSR: unknown) => unknown = () => {};
  const bench = await testRoutes({ ksr_request_route: (KSR: unknown) => call(KSR) });
  for (const [source, code, text] of calls) {
    call = new Function('KSR', source) as typeof call;
    bench.log.length = 0;
    await bench.phone.request('OPTIONS').expect(500);
    assert.equal(bench.log[0]?.code, code, source);
    assert.match(bench.log[0]?.text ?? '', text);
  }
  bench.stop();
});

test('ts_run: exit leaves the function alone, drop the message; one that never ends counts as -1, and the route goes on', async () => {
  const routes = `
export const leaves = (KSR) => { KSR.x.exit(); };
export const stuck = () => new Promise(() => {});
export const drops = (KSR) => { KSR.x.drop(); };`;
  const cfg = `${HEAD}
request_route {
  if ($hdr(X-Do) == "drop") ts_run("drops");
  ts_run("leaves");
  $var(a) = $rc;
  ts_run("stuck");
  sl_send_reply("200", "$var(a) $rc");
}`;
  const { ask, phone, port, log } = await startFiles({ 'main.cfg': cfg, 'routes.ts': routes });
  assert.equal((await ask()).startLine, 'SIP/2.0 200 1 -1');
  assert.ok(log.has('API_HANDLER_SLOW'));
  const text = requestText(phone, { method: 'OPTIONS', uri: 'sip:bob@example.com', headers: ['X-Do: drop'] });
  await phone.send(text, { host: '127.0.0.1', port });
  await assert.rejects(phone.expect('200 OPTIONS', 1500));
});
