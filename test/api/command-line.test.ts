import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, Folder } from '../cli/fixtures.ts';
import { command, start } from '../support/command.ts';
import { freePort } from '../support/ports.ts';

function routes(port: number, reason: string): string {
  return `import { defineConfig, type Request } from 'trunkline';
export const config = defineConfig({ listen: 'udp:127.0.0.1:${port}' });
export function request(request: Request): void {
  // Nobody waits for it: the process has to live on.
  void Promise.reject(new Error('forgotten'));
  request.reply(200, '${reason}');
}
`;
}

test('trunkline run routes.ts: reads it again on SIGHUP and with --watch; a forgotten promise does not end it', async () => {
  using folder = new Folder();
  for (const [options, signal] of [
    [[], true],
    [['--watch'], false],
  ] as const) {
    const port = await freePort();
    const server = start(['run', ...options, folder.write('routes.ts', routes(port, 'Here'))]);
    await server.output(/listening on/);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    folder.write('routes.ts', routes(port, 'There'));
    if (signal) server.process.kill('SIGHUP');
    for (let i = 0; i < 100 && (await ask(port)) !== 'SIP/2.0 200 There'; i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await ask(port), 'SIP/2.0 200 There');
    server.process.kill('SIGTERM');
    const { code, stderr } = await server.finished();
    assert.equal(code, 0);
    assert.match(stderr, /API_UNHANDLED_REJECTION/);
  }
});

test('trunkline check routes.ts', async () => {
  using folder = new Folder();
  const good = await command(['check', folder.write('routes.ts', routes(5060, 'Here'))]);
  assert.equal(good.code, 0);
  assert.match(good.stdout, /routes\.ts: ok\n$/);
  const lines = await command(['-f', folder.write('routes.ts', routes(5060, 'Here')), '-c', '--subst=!a!b!']);
  assert.equal(lines.code, 255);
  assert.match(lines.stderr, /cannot be given with a routes file.*CLI_USAGE/);
  const bad = await command(['check', folder.write('routes.ts', 'export const request = {{;')]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /routes\.ts:1:1: error: .*\[CFG_CODE_SYNTAX\]/);
});
