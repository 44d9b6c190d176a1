import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xlog } from '../../src/modules/xlog.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import type { Log } from '../../src/script/log.ts';
import { context, type HostOptions, type LoadedModule, load, request, type TestHost, testHost } from './support.ts';

interface Line {
  readonly level: number;
  readonly module: string;
  readonly text: string;
}

/** A module with a log that keeps levels and names too. */
function setup(
  params: Readonly<Record<string, number | string>> = {},
  options: HostOptions & { level?: number; method?: string } = {},
): { lines: Line[]; log: Log; ctx: ScriptContext; module: LoadedModule; host: TestHost } {
  const host = testHost(options);
  const lines: Line[] = [];
  const log: Log = {
    level: options.level ?? 3,
    write: (level, module, text) => {
      lines.push({ level, module, text });
    },
  };
  const module = load(xlog, { ...host, log }, params);
  return { lines, log, host, module, ctx: context(host, request({ method: options.method ?? 'INVITE' })) };
}

describe('xlog', () => {
  it('prints at L_ERR, without the line end, as the script', () => {
    const { module, ctx, lines } = setup();
    assert.equal(module.call(ctx, 'xlog', 'hello\n'), 1);
    assert.deepEqual(lines, [{ level: -1, module: '<script>', text: 'hello' }]);
  });
  it('takes a level, and a facility that does nothing', () => {
    const { module, ctx, lines } = setup();
    module.call(ctx, 'xlog', 'L_INFO', 'a');
    module.call(ctx, 'xlog', 'LOG_LOCAL3', 'L_WARN', 'b');
    assert.deepEqual(
      lines.map(({ level, text }) => [level, text]),
      [
        [2, 'a'],
        [0, 'b'],
      ],
    );
  });
  const LEVELS: readonly (readonly [string, number])[] = [
    ['L_ALERT', -5],
    ['L_BUG', -4],
    ['L_CRIT', -3],
    ['L_ERR', -1],
    ['L_WARN', 0],
    ['L_NOTICE', 1],
    ['L_NOTE', 1],
    ['L_INFO', 2],
    ['L_DBG', 3],
    ['l_info', 2],
    ['L_Izzz', 2],
    ['INFO', 2],
    ['debug', 3],
    ['1', 1],
    ['-1', -1],
    ['99', 3],
  ];
  for (const [name, expected] of LEVELS)
    it(`level ${name} is ${expected}`, () => {
      const { module, ctx, lines } = setup();
      assert.equal(module.call(ctx, 'xlog', name, 'x'), 1);
      assert.equal(lines[0]?.level, expected);
    });
  it('a level that is none fails and says so', () => {
    const { module, ctx, lines } = setup();
    assert.equal(module.call(ctx, 'xlog', 'L_XYZ', 'x'), -1);
    assert.deepEqual(lines, [{ level: -1, module: 'xlog', text: "'L_XYZ' is no log level" }]);
  });
  it('each level has its function', () => {
    const { module, ctx, lines } = setup();
    for (const name of ['xalert', 'xbug', 'xcrit', 'xerr', 'xwarn', 'xnotice', 'xinfo', 'xdbg', 'xdbgl'])
      module.call(ctx, name, name);
    assert.deepEqual(
      lines.map((line) => line.level),
      [-5, -4, -3, -1, 0, 1, 2, 3, 3],
    );
  });
  it('xlogl takes what xlog takes', () => {
    const { module, ctx, lines } = setup();
    module.call(ctx, 'xlogl', 'a');
    module.call(ctx, 'xlogl', 'L_DBG', 'b');
    module.call(ctx, 'xlogl', 'LOG_LOCAL0', 'L_DBG', 'c');
    assert.deepEqual(
      lines.map((line) => line.text),
      ['a', 'b', 'c'],
    );
  });
  it('what is above the threshold is not printed, and succeeds', () => {
    const { module, ctx, lines } = setup({}, { level: 1 });
    assert.equal(module.call(ctx, 'xinfo', 'x'), 1);
    assert.equal(module.call(ctx, 'xnotice', 'y'), 1);
    assert.equal(lines.length, 1);
  });
  it('a prefix of the configuration comes before the text', () => {
    const { module, ctx, lines } = setup({ prefix: 'PFX: ' });
    module.call(ctx, 'xerr', 'x\n');
    assert.equal(lines[0]?.text, 'PFX: x');
  });
  it('a text longer than buf_size is cut, and the call fails', () => {
    const { module, ctx, lines } = setup({ buf_size: 5 });
    assert.equal(module.call(ctx, 'xerr', '123456'), -1);
    assert.equal(lines[0]?.text, '12345');
  });
  it('xlogm speaks about the methods of methods_filter', () => {
    const invite = setup({ methods_filter: 1 });
    invite.module.call(invite.ctx, 'xlogm', 'L_ERR', 'x');
    assert.equal(invite.lines.length, 1);
    const bye = setup({ methods_filter: 1 }, { method: 'BYE' });
    assert.equal(bye.module.call(bye.ctx, 'xlogm', 'L_ERR', 'x'), 1);
    assert.equal(bye.lines.length, 0);
    const all = setup({}, { method: 'BYE' });
    all.module.call(all.ctx, 'xlogm', 'L_ERR', 'x');
    assert.equal(all.lines.length, 1);
  });
});

describe('$C', () => {
  const { module, ctx } = setup();
  const VECTORS: readonly (readonly [string, string])[] = [
    ['bg', '\x1b[0;34;42m'],
    ['xx', '\x1b[0;39;49m'],
    ['sx', '\x1b[0;30;49m'],
    ['Rx', '\x1b[1;31;49m'],
    ['rb', '\x1b[0;31;44m'],
  ];
  for (const [letters, expected] of VECTORS) it(letters, () => assert.equal(module.read(ctx, 'C', letters), expected));
  it('takes two known letters', () => {
    for (const letters of ['r', 'zz', 'xyx', '']) assert.throws(() => module.read(ctx, 'C', letters));
  });
});
