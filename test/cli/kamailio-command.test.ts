import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { command, start } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { answeringCfg, ask, Folder, isRunning, until } from './fixtures.ts';

const isRoot = process.getuid?.() === 0;

describe('Kamailio’s command line', () => {
  it('-c ends with 0 for a good file and 255 for a bad one', async () => {
    using folder = new Folder();
    const good = folder.write('good.cfg', answeringCfg(5060));
    const bad = folder.write('bad.cfg', answeringCfg(5060).replace('exit;', 'exist();'));
    const ok = await command(['-c', '-f', good]);
    assert.equal(ok.code, 0, ok.stderr);
    assert.match(ok.stderr, /good\.cfg: ok/);
    const not = await command(['-f', bad, '-c']);
    assert.equal(not.code, 255);
    assert.ok(not.stderr.includes(`${bad}:10:2: error: `), not.stderr);
  });

  it('-DD runs in the foreground, and tells which options it ignores', async () => {
    using folder = new Folder();
    const port = await freePort();
    const path = folder.write('a.cfg', answeringCfg(port));
    const server = start(['-DDE', '-f', path, '-m', '64', '-M', '8', '-w', folder.path, '-Y', folder.path]);
    await server.output(/listening on/);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    assert.match(server.stderr, /-m 64 is ignored/);
    assert.match(server.stderr, /-M 8 is ignored/);
    assert.equal(readlinkSync(`/proc/${server.process.pid}/cwd`), folder.path);
    server.process.kill('SIGTERM');
    assert.equal((await server.finished()).code, 0);
  });

  it('--unsupported warn checks and starts what uses a module that is not there', async () => {
    using folder = new Folder();
    const port = await freePort();
    const cfg = answeringCfg(port).replace('loadmodule "sl.so"', 'loadmodule "sl.so"\nloadmodule "rtpproxy.so"');
    const path = folder.write('a.cfg', cfg);
    for (const words of [['-c'], ['-DD']]) {
      const refused = await command([...words, '-f', path]);
      assert.equal(refused.code, 255);
      assert.match(refused.stderr, /error: module rtpproxy is not supported by Trunkline/);
      assert.match(refused.stderr, /"--unsupported warn" makes warnings/);
    }
    const checked = await command(['-c', '-f', path, '--unsupported', 'warn']);
    assert.equal(checked.code, 0, checked.stderr);
    assert.match(checked.stderr, /warning: module rtpproxy is not supported/);
    const server = start(['-DD', '-f', path, '--unsupported=warn']);
    await server.output(/listening on/);
    assert.match(server.stderr, /module rtpproxy is not supported/);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    server.process.kill('SIGTERM');
    assert.equal((await server.finished()).code, 0);
  });

  it('acts on --subst, --modparam and --alias as if they stood before the first line', async () => {
    using folder = new Folder();
    const port = await freePort();
    const cfg = answeringCfg(0).replace('127.0.0.1:0', 'HOST:PORT').replace('"Here"', '"WORD"');
    const path = folder.write('a.cfg', cfg);
    const server = start([
      '-DD',
      '-f',
      path,
      '-A',
      `PORT=${port}`,
      '--substdef=!HOST!127.0.0.1!g',
      '--subst=/WORD/Elsewhere/',
      '--loadmodule=tm.so',
      '--modparam=tm:fr_timer:i:5000',
      '--alias=example.com',
    ]);
    await server.output(/listening on/);
    assert.equal(await ask(port), 'SIP/2.0 200 Elsewhere');
    server.process.kill('SIGTERM');
    assert.equal((await server.finished()).code, 0);
    // Lines of the file keep their numbers, and a wrong option is not blamed on a file nobody knows.
    const wrong = await command(['-c', '-f', path, '-A', 'PORT=1', '--loadmodule=tm.so', '--modparam=tm:fr_timr:i:5']);
    assert.equal(wrong.code, 255);
    assert.match(wrong.stderr, /<command line>:2:\d+: error: .*fr_timr/);
  });

  it('without -D goes to the background when it is ready, with the PID file of a forking unit', async () => {
    using folder = new Folder();
    const port = await freePort();
    const pidFile = folder.file('run.pid');
    const log = folder.file('log');
    // A shell, because the log of the process in the background must not be a pipe that this test would wait for.
    const path = folder.write('a.cfg', answeringCfg(port));
    const parent = await startDetached(['-P', pidFile, '-f', path, '-m', '64', '-M', '8'], log);
    assert.equal(parent.code, 0, readFileSync(log, 'utf8'));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    try {
      assert.ok(isRunning(pid));
      assert.equal(await ask(port), 'SIP/2.0 200 Here');
      assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
      // Its own session: closing the terminal does not reach it.
      assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5], String(pid));
    } finally {
      process.kill(pid, 'SIGTERM');
    }
    await until('the process has ended', () => !isRunning(pid), 5000);
    assert.ok(!existsSync(pidFile));
    assert.match(readFileSync(log, 'utf8'), /"msg":"stopped"/);
  });

  it('without -D reports a start that fails, with its code', async () => {
    using folder = new Folder();
    const log = folder.file('log');
    const path = folder.write('a.cfg', answeringCfg(5060).replace('exit;', 'exist();'));
    const { code } = await startDetached(['-P', folder.file('run.pid'), '-f', path], log);
    assert.equal(code, 255);
    const text = readFileSync(log, 'utf8');
    assert.ok(text.includes(`${path}:10:2: error: `), text);
    assert.match(text, /Nothing was started/);
    assert.ok(!existsSync(folder.file('run.pid')));
  });

  it('-u gives up root once the sockets are open', { skip: isRoot ? false : 'not root' }, async () => {
    using folder = new Folder();
    const port = await freePort();
    chmodSync(folder.path, 0o755);
    const pidFile = folder.file('run.pid');
    const path = folder.write('a.cfg', answeringCfg(port));
    const server = start(['-DD', '-f', path, '-u', 'nobody', '-P', pidFile]);
    await server.output(/listening on/);
    const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
    assert.doesNotMatch(status, /^(Uid|Gid):.*\b0\b/m);
    assert.match(status, /^Groups:\s*(?!0\b)/m);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    server.process.kill('SIGTERM');
    assert.equal((await server.finished()).code, 0);
    // The folder is root's, so the file stays; it must name nobody.
    assert.equal(existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '', '');
  });

  it('-u and -g refuse names that do not exist, before anything starts', async () => {
    using folder = new Folder();
    const path = folder.write('a.cfg', answeringCfg(await freePort()));
    const user = await command(['-DD', '-f', path, '-u', 'no-such-user']);
    assert.equal(user.code, 255);
    assert.match(user.stderr, /there is no user "no-such-user" \[CLI_PRIVILEGES\]/);
    const group = await command(['-DD', '-f', path, '-g', 'no-such-group']);
    assert.equal(group.code, 255);
    assert.match(group.stderr, /there is no group "no-such-group" \[CLI_PRIVILEGES\]/);
  });

  it('-w refuses a directory that is not there', async () => {
    using folder = new Folder();
    const path = folder.write('a.cfg', answeringCfg(await freePort()));
    const { code, stderr } = await command(['-DD', '-f', path, '-w', folder.file('none')]);
    assert.equal(code, 255);
    assert.match(stderr, /there is no directory .*none \[CLI_DIRECTORY\]/);
  });
});

/** Runs the command with standard error in a file. */
async function startDetached(args: readonly string[], log: string): Promise<{ code: number | null }> {
  const { startProgram, ROOT } = await import('../support/command.ts');
  const entry = `${ROOT}/test/support/trunkline.ts`;
  const shell = `exec "$0" "$@" 2>"${log}"`;
  const { code } = await startProgram('/bin/sh', ['-c', shell, process.execPath, entry, ...args]).finished();
  return { code };
}
