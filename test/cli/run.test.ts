import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { command, start } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { answeringCfg, ask, Folder } from './fixtures.ts';

/** What a JSON log line holds. */
interface LogLine {
  readonly time: string;
  readonly pid: number;
  readonly level: string;
  readonly module: string;
  readonly code?: string;
  readonly msg: string;
}

function logLines(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}

describe('trunkline run', () => {
  it('answers requests, logs JSON lines, and stops cleanly on SIGTERM within five seconds', async () => {
    using folder = new Folder();
    const port = await freePort();
    const server = start(['run', folder.write('a.cfg', answeringCfg(port))]);
    await server.output(/listening on udp:127\.0\.0\.1:/);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    const asked = performance.now();
    server.process.kill('SIGTERM');
    const { code, stderr, stdout } = await server.finished();
    assert.equal(code, 0);
    assert.equal(stdout, '');
    assert.ok(performance.now() - asked < 5000);
    const lines = logLines(stderr);
    assert.ok(
      lines.some(
        ({ module, msg, level }) => module === '<script>' && msg === 'asked for OPTIONS' && level === 'NOTICE',
      ),
    );
    assert.ok(lines.every(({ time, pid }) => !Number.isNaN(Date.parse(time)) && pid === server.process.pid));
    assert.equal(lines.at(-1)?.msg, 'stopped');
    assert.equal(await ask(port, 200), '');
  });

  it('stops on SIGINT too, and logs readable lines when told to', async () => {
    using folder = new Folder();
    const port = await freePort();
    const server = start(['run', folder.write('a.cfg', answeringCfg(port)), '--log-format', 'readable']);
    await server.output(/listening on/);
    server.process.kill('SIGINT');
    const { code, stderr } = await server.finished();
    assert.equal(code, 0);
    assert.match(stderr, /^\d\d:\d\d:\d\d NOTICE {3}core: stopped$/m);
  });

  it('listens elsewhere and defines names when told to', async () => {
    using folder = new Folder();
    const [file, other] = [await freePort(), await freePort()];
    const cfg = answeringCfg(file).replace('"200", "Here"', '"200", REASON');
    const path = folder.write('a.cfg', cfg);
    const server = start(['run', path, '-l', `udp:127.0.0.1:${other}`, '-A', 'REASON="There"', '-A', 'UNUSED']);
    await server.output(/listening on/);
    assert.equal(await ask(other), 'SIP/2.0 200 There');
    assert.equal(await ask(file, 200), '');
    server.process.kill('SIGTERM');
    assert.equal((await server.finished()).code, 0);
  });

  it('writes the PID file when it is ready and removes it at the end', async () => {
    using folder = new Folder();
    const path = folder.write('a.cfg', answeringCfg(await freePort()));
    const pidFile = folder.file('a.pid');
    const server = start(['run', path, '--pid-file', pidFile]);
    await server.output(/listening on/);
    assert.equal(readFileSync(pidFile, 'utf8'), `${server.process.pid}\n`);
    const second = await command(['run', path, '--pid-file', pidFile]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /says that process \d+ is running \[CLI_PID_FILE\]/);
    server.process.kill('SIGTERM');
    await server.finished();
    assert.ok(!existsSync(pidFile));
  });

  it('takes over a PID file whose process is gone', async () => {
    using folder = new Folder();
    const gone = start(['--version']);
    await gone.finished();
    const pidFile = folder.write('a.pid', `${gone.process.pid}\n`);
    const server = start(['run', folder.write('a.cfg', answeringCfg(await freePort())), '--pid-file', pidFile]);
    await server.output(/listening on/);
    assert.equal(readFileSync(pidFile, 'utf8'), `${server.process.pid}\n`);
    server.process.kill('SIGTERM');
    await server.finished();
  });

  it('says which port is busy and what to do', async () => {
    using folder = new Folder();
    const port = await freePort();
    const path = folder.write('a.cfg', answeringCfg(port));
    const first = start(['run', path]);
    await first.output(/listening on/);
    const second = await command(['run', path]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`trunkline: error: .*${port}.* \\[[A-Z]+_[A-Z_]+\\]`));
    assert.match(second.stderr, /--listen/);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    first.process.kill('SIGTERM');
    await first.finished();
  });

  it('refuses a wrong configuration with all its problems, and starts nothing', async () => {
    using folder = new Folder();
    const port = await freePort();
    const path = folder.write('a.cfg', answeringCfg(port).replace('sl_send_reply', 'sl_send_replay'));
    const { code, stderr } = await command(['run', path]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`${path}:9:2: error: `), stderr);
    assert.match(stderr, /sl_send_reply/);
    assert.match(stderr, /trunkline: error: .* \[CFG_[A-Z_]+\]\n {2}Nothing was started/);
  });

  it('refuses a broken file on SIGHUP, dumps statistics on SIGUSR1, and goes on', async () => {
    using folder = new Folder();
    const port = await freePort();
    const server = start(['run', folder.write('a.cfg', answeringCfg(port))]);
    await server.output(/listening on/);
    folder.write('a.cfg', answeringCfg(port).replace('exit;', 'exitt;'));
    server.process.kill('SIGHUP');
    await server.output(/reload refused, the old configuration stays/);
    await server.output(/a\.cfg:\d+:\d+: error/);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    server.process.kill('SIGUSR1');
    await server.output(/"module":"statistics","msg":"core: /);
    assert.equal(await ask(port), 'SIP/2.0 200 Here');
    server.process.kill('SIGTERM');
    const { code, stderr } = await server.finished();
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /[Dd]ebugger/);
  });

  it('reads its file again on SIGHUP, and by itself with --watch', async () => {
    using folder = new Folder();
    for (const [options, signal] of [
      [[], true],
      [['--watch'], false],
    ] as const) {
      const port = await freePort();
      const server = start(['run', ...options, folder.write('a.cfg', answeringCfg(port))]);
      await server.output(/listening on/);
      for (const word of ['There', 'Elsewhere']) {
        folder.write('a.cfg', answeringCfg(port).replace('Here', word));
        if (signal) server.process.kill('SIGHUP');
        for (let i = 0; i < 100 && (await ask(port)) !== `SIP/2.0 200 ${word}`; i++)
          await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(await ask(port), `SIP/2.0 200 ${word}`);
      }
      server.process.kill('SIGTERM');
      assert.equal((await server.finished()).code, 0);
    }
  });

  it('goes on when the reader of its log has gone', async () => {
    using folder = new Folder();
    const port = await freePort();
    const server = start(['run', folder.write('a.cfg', answeringCfg(port))]);
    await server.output(/listening on/);
    server.process.stderr.destroy();
    for (let i = 0; i < 3; i++) assert.equal(await ask(port), 'SIP/2.0 200 Here');
    server.process.kill('SIGTERM');
    assert.equal((await server.finished()).code, 0);
  });
});
