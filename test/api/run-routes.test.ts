import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfiguration } from '../../src/server/server.ts';
import { StartError } from '../../src/server/server-api.ts';
import { openPeer } from '../server/support.ts';
import { requestText } from '../support/sip-dialog.ts';
import { optionsForFiles, startFiles } from './support.ts';

const HEAD = `import { defineConfig, type RequestHandler } from 'trunkline';
export const config = defineConfig({ listen: 'udp:127.0.0.1:PORT', core: { debug: 3 } });
`;

function answering(reason: string): string {
  return `${HEAD}export const request: RequestHandler = (request) => { request.reply(200, '${reason}'); };\n`;
}

test('a routes file runs; a reload loads it and what it imports anew; a broken one leaves the old in force', async () => {
  const text = `${HEAD}import { reason } from './reason.ts';
    export const request: RequestHandler = async (request) => { await null; request.reply(200, reason); };`;
  const { server, write, ask, log, folder } = await startFiles({
    'routes.ts': text,
    'reason.ts': `export const reason: string = 'first';`,
  });
  assert.equal((await ask()).startLine, 'SIP/2.0 200 first');
  assert.deepEqual(
    server.files.map((file) => file.slice(folder.length + 1)),
    ['routes.ts', 'reason.ts'],
  );
  write('reason.ts', `export const reason: string = 'second';`);
  await server.reload();
  assert.equal((await ask()).startLine, 'SIP/2.0 200 second');
  for (const [broken, code] of [
    ['export const request = (r: = 1;', 'CFG_CODE_SYNTAX'],
    [`${text}\nundefined_name();`, 'CFG_CODE_FAILED'],
    [text.replace('const request', 'const requset'), 'CFG_CODE_EXPORT'],
    [text.replace('core: {', 'core: { debgu: 1,'), 'CFG_UNKNOWN_PARAMETER'],
  ] as const) {
    write('routes.ts', broken);
    await assert.rejects(server.reload(), (error: StartError) => {
      assert.ok(error instanceof StartError);
      assert.match(error.details, new RegExp(`routes\\.ts:\\d+:\\d+: error: .*\\[${code}\\]`));
      return true;
    });
    assert.equal((await ask()).startLine, 'SIP/2.0 200 second');
  }
  assert.ok(log.lines.some((line) => line.text.startsWith('reload refused')));
});

test('check names what is wrong with file, line and a suggestion', async () => {
  const cases: readonly [text: string, message: RegExp][] = [
    ['const a = 1;\nexport const b: = 2;', /^routes\.ts:2:1: error: .*\[CFG_CODE_SYNTAX\]/],
    ['const a = 1;\nenum E { A }', /^routes\.ts:2:1: error: .*enum.*\[CFG_CODE_SYNTAX\]/],
    [`import { nothing } from 'trunkline';`, /^routes\.ts:1:1: error: .*nothing.*\[CFG_CODE_SYNTAX\]/],
    [`import './nowhere.ts';`, /^routes\.ts:1:1: error: .*nowhere.*\[CFG_CODE_SYNTAX\]/],
    ['export const requests = () => {};', /error: the file exports no request handler.*\n.*did you mean 'requests'/],
    ['\nexport const request = 7;', /^routes\.ts:2:14: error: request is a number and not a function/],
    [
      'export const request = () => {};\nexport const failure = { TRUNK: 1 };',
      /^routes\.ts:2:14: error: failure has "TRUNK", which is a number/,
    ],
    [
      `export const config = {\n modules: {\n  uac: { restore_mod: 'auto' } } };\nexport const request = () => {};`,
      /^routes\.ts:3:10: error: module uac has no parameter restore_mod \[CFG_UNKNOWN_MODPARAM\]\n.*restore_mode/,
    ],
    [
      `export const config = { modules: { uca: {} } };\nexport const request = () => {};`,
      /^routes\.ts:1:36: error: unknown module uca \[CFG_UNKNOWN_MODULE\]/,
    ],
    [
      `export const config = { listen: 'udp:' };\nexport const request = () => {};`,
      /^routes\.ts:1:25: error: .*\[CFG_VALUE\]/,
    ],
    [
      `export const config = { modules: { tm: { fr_timer: 'soon' } } };\nexport const request = () => {};`,
      /^routes\.ts:1:42: error: parameter fr_timer is a number/,
    ],
  ];
  for (const [text, message] of cases) {
    const result = await checkConfiguration(optionsForFiles({ 'routes.ts': text }));
    assert.match(result.text, message, text);
    assert.equal(result.ok, false, text);
  }
  const good = await checkConfiguration(optionsForFiles({ 'routes.ts': answering('OK').replace('PORT', '5060') }));
  assert.deepEqual([good.ok, good.text], [true, '']);
});

test('a handler that fails is logged with its place, and its request is answered with 500', async () => {
  const { ask, log } = await startFiles({
    'routes.ts': `${HEAD}export const request: RequestHandler = async (request) => {
      if (request.headers.has('X-Later')) await null;
      const { ksr } = request as unknown as { ksr: { uac: { uac_aut(): void } } };
      ksr.uac.uac_aut();
    };`,
  });
  for (const headers of [[], ['X-Later: 1']]) {
    assert.equal((await ask('OPTIONS', headers)).startLine, 'SIP/2.0 500 Server Internal Error');
    const line = log.lines.find(({ code }) => code === 'API_UNKNOWN_FUNCTION');
    assert.match(
      line?.text ?? '',
      /^request: module uac has no function uac_aut; did you mean 'uac_auth'\? \(routes\.ts:6:15\)$/,
    );
    log.lines.length = 0;
  }
});

test('a handler that never ends is given up; the server goes on', async () => {
  const { ask, log } = await startFiles({
    'routes.ts': `${HEAD.replace('core:', 'waitLimit: 0.1, core:')}export const request: RequestHandler = async (request) => {
      if (request.headers.has('X-Stuck')) await new Promise(() => {});
      request.reply(200);
    };`,
  });
  assert.equal((await ask('OPTIONS', ['X-Stuck: 1'])).startLine, 'SIP/2.0 500 Server Internal Error');
  assert.ok(log.has('API_HANDLER_SLOW'));
  assert.equal((await ask()).startLine, 'SIP/2.0 200 OK');
});

test('KSR by Kamailio’s names: variables, headers, modules, ends; no await mixes two calls', async () => {
  const { ask, log } = await startFiles({
    'routes.ts': `import { defineConfig, type Ksr } from 'trunkline';
    export const config = defineConfig({ listen: 'udp:127.0.0.1:PORT', modules: { siputils: {}, textops: {}, maxfwd: {}, xlog: {} } });
    export async function ksr_request_route(KSR: Ksr) {
      if (KSR.maxfwd.process_maxfwd(10) < 0) { KSR.sl.send_reply(483, 'Too Many Hops'); KSR.x.exit(); }
      if (KSR.siputils.has_totag() > 0 || !KSR.is_method_in('OM')) KSR.x.exit();
      KSR.pv.sets('$avp(x)', KSR.hdr.gete('X-Who'));
      await new Promise((resolve) => setTimeout(resolve, KSR.hdr.get('X-Who') === 'a' ? 60 : 10));
      KSR.hdr.append_to_reply('X-You: ' + KSR.pv.gete('$avp(x)') + KSR.pv.getvs('$hdr(X-None)', '-') + KSR.kx.get_method());
      KSR.xlog.xinfo('call $rm of $avp(x)');
      KSR.textops.is_present_hf('X-Who') > 0 && KSR.sl.send_reply(200, 'Ünï');
      KSR.x.exit();
    }`,
  });
  const replies = await Promise.all([ask('OPTIONS', ['X-Who: a']), ask('MESSAGE', ['X-Who: b'])]);
  assert.deepEqual(replies.map((reply) => reply.header('X-You')).toSorted(), ['a-OPTIONS', 'b-MESSAGE']);
  assert.equal(Buffer.from(replies[0]?.startLine ?? '', 'latin1').toString(), 'SIP/2.0 200 Ünï');
  assert.deepEqual(log.script.toSorted(), ['call MESSAGE of b', 'call OPTIONS of a']);
  assert.equal(log.lines.filter(({ level }) => level < 0).length, 0);
});

test('relay with inline handlers: branch, reply and failure of the same call', async () => {
  const carrier = await openPeer({ name: 'carrier' });
  const second = await openPeer({ name: 'second' });
  const { phone, port } = await startFiles({
    'routes.ts': `${HEAD}
    export const request: RequestHandler = (request) => {
      if (request.routeWithinDialog()) return;
      request.data.set('user', request.from.display);
      request.relay({
        to: 'sip:${carrier.address}',
        onBranch: (branch) => { branch.headers.append('X-Branch', String(branch.index)); },
        onReply: (reply) => { reply.headers.append('X-For', String(reply.data.get('user'))); },
        onFailure: async (failure) => {
          await null;
          if (failure.status === 503 && !failure.canceled) failure.relay({ to: 'sip:${second.address}', onFailure: 'LAST' });
        },
      });
    };
    export const failure = { LAST(failure) { failure.answer(480, 'Nobody', { headers: { 'X-Last': failure.reply.reason } }); } };`,
  });
  await phone.send(requestText(phone, { uri: 'sip:bob@example.com' }), { host: '127.0.0.1', port });
  const first = await carrier.expect('INVITE');
  assert.deepEqual([first.header('X-Branch'), first.header('Record-Route') !== ''], ['0', true]);
  await carrier.reply(first, 503, 'Full');
  const next = await second.expect('INVITE');
  await second.reply(next, 180, 'Ringing');
  const ringing = await phone.expect('180 INVITE');
  assert.equal(ringing.header('X-For'), 'Alice A');
  await second.reply(next, 486, 'Busy');
  const last = await phone.expect('480 INVITE');
  assert.deepEqual([last.startLine, last.header('X-Last')], ['SIP/2.0 480 Nobody', 'Busy']);
});
