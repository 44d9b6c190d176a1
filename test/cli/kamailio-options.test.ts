import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CliError } from '../../src/cli/errors.ts';
import { type KamailioOptions, parseKamailioOptions } from '../../src/cli/kamailio-options.ts';
import { isKamailioStyle } from '../../src/cli/main.ts';

/** Command lines and what must come of them; what is not named keeps its default. */
const TABLE: readonly [line: string[], expected: Partial<KamailioOptions>][] = [
  [[], { file: '/etc/kamailio/kamailio.cfg', check: false, foreground: 0, debug: null }],
  [['-f', 'a.cfg'], { file: 'a.cfg' }],
  [['-fa.cfg'], { file: 'a.cfg' }],
  [['-c', '-f', 'a.cfg'], { check: true, file: 'a.cfg' }],
  [['-cf', 'a.cfg'], { check: true, file: 'a.cfg' }],
  [['-D'], { foreground: 1 }],
  [['-DD'], { foreground: 2 }],
  [['-D', '-D'], { foreground: 2 }],
  [['-DDD'], { foreground: 3 }],
  [['-DDE'], { foreground: 2, logToStderr: true }],
  [['-DDEe'], { foreground: 2, logToStderr: true, colour: true }],
  [['-DDEdf', 'a.cfg'], { foreground: 2, logToStderr: true, debug: 1, file: 'a.cfg' }],
  [['-d'], { debug: 1 }],
  [['-ddd'], { debug: 3 }],
  [['-d', '-dd'], { debug: 3 }],
  [['--debug=3'], { debug: 3 }],
  [['--debug', '-2'], { debug: -2 }],
  [
    ['-l', 'udp:127.0.0.1:5060', '-l', 'tcp:eth0/1.2.3.4:5060'],
    { listen: ['udp:127.0.0.1:5060', 'tcp:eth0/1.2.3.4:5060'] },
  ],
  [['-ludp:127.0.0.1'], { listen: ['udp:127.0.0.1'] }],
  [
    ['-A', 'WITH_TLS', '-A', 'FLT_ACC=1', '-AURL="sip:a=b"'],
    {
      defines: [
        { name: 'WITH_TLS', value: '' },
        { name: 'FLT_ACC', value: '1' },
        { name: 'URL', value: '"sip:a=b"' },
      ],
    },
  ],
  [['-P', '/run/t.pid'], { pidFile: '/run/t.pid' }],
  [['-w', '/tmp', '-Y', '/run'], { workingDirectory: '/tmp', runtimeDirectory: '/run' }],
  [['-u', 'kamailio', '-g', 'kamailio'], { user: 'kamailio', group: 'kamailio' }],
  [['-a', 'yes'], { autoAliases: true }],
  [['-aoff'], { autoAliases: false }],
  [['-T'], { prologue: ['disable_tcp=yes'] }],
  [['--alias=example.com:5060'], { prologue: ['alias="example.com:5060"'] }],
  [['--domain', 'example.com'], { prologue: ['alias="example.com"'] }],
  [
    ['--loadmodule=corex', '--modparam=corex:alias_subdomains:s:a"b', '--modparam=tm:fr_timer:i:5000'],
    {
      prologue: [
        'loadmodule "corex"',
        'modparam("corex", "alias_subdomains", "a\\"b")',
        'modparam("tm", "fr_timer", 5000)',
      ],
    },
  ],
  [
    ['--subst=/a/b/g', '--substdef=!X!1!g', '--substdefs=!Y!2!g'],
    { prologue: ['#!subst "/a/b/g"', '#!substdef "!X!1!g"', '#!substdefs "!Y!2!g"'] },
  ],
  [['--log-engine=json:M'], { json: true }],
  [['--server-id=7'], { prologue: ['server_id=7'] }],
  [['-f', 'a.cfg', '--unsupported', 'warn'], { file: 'a.cfg', unsupported: 'warn' }],
  [['--unsupported=error'], { unsupported: 'error' }],
  [['-v'], { show: 'version' }],
  [['-V'], { show: 'version' }],
  [['--version'], { show: 'version' }],
  [['-h'], { show: 'help' }],
  [['--help'], { show: 'help' }],
  [['-I'], { show: 'version' }],
];

describe("Kamailio's options", () => {
  const defaults = { ...parseKamailioOptions([]) };
  for (const [line, expected] of TABLE) {
    it(`reads "${line.join(' ')}"`, () => {
      assert.deepEqual({ ...parseKamailioOptions(line) }, { ...defaults, ...expected });
    });
  }

  it('reads the command line of Debian’s unit file', () => {
    const options = parseKamailioOptions(
      '-P /run/kamailio/kamailio.pid -f /etc/kamailio/kamailio.cfg -m 64 -M 8'.split(' '),
    );
    assert.equal(options.pidFile, '/run/kamailio/kamailio.pid');
    assert.equal(options.file, '/etc/kamailio/kamailio.cfg');
    assert.equal(options.foreground, 0);
    assert.deepEqual(
      options.notes.map((note) => note.split(' is ')[0]),
      ['-m 64', '-M 8'],
    );
  });

  it('ignores what has no meaning here, with a note for each', () => {
    const line =
      '-m 64 -M8 -n 8 -N 4 -x fm -X qm -O 3 -W epoll_lt -Q 1 -b 1 -B 1 -L /usr/lib -G /run/g -rRKS --atexit=no';
    const options = parseKamailioOptions(line.split(' '));
    assert.equal(options.notes.length, 18);
    for (const note of options.notes) assert.match(note, /^--?\S+( \S+)? is ignored: ./);
    assert.deepEqual({ ...options, notes: [] }, { ...defaults, notes: [] });
  });

  const WRONG: readonly [line: string[], message: RegExp][] = [
    [['-Z'], /unknown option -Z/],
    [['-DZ'], /unknown option -Z/],
    [['--colour'], /unknown option --colour/],
    [['--unsupported', 'ignore'], /--unsupported wants error or warn, not "ignore"/],
    [['--unsupported'], /--unsupported wants a value/],
    [['-f'], /-f wants a value/],
    [['-DDf'], /-f wants a value/],
    [['--debug'], /--debug wants a value/],
    [['--debug=much'], /--debug wants a number/],
    [['-A', '1X=2'], /-A wants NAME/],
    [['-a', 'maybe'], /-a wants yes/],
    [['--modparam=tm:fr_timer'], /--modparam wants/],
    [['--modparam=tm:fr_timer:i:soon'], /not a number/],
    [['-DD', 'a.cfg'], /"a.cfg" stands alone/],
    [['-t', '/jail'], /-t is not supported/],
    [['--cfg-print'], /--cfg-print is not supported/],
  ];
  for (const [line, message] of WRONG) {
    it(`refuses "${line.join(' ')}"`, () => {
      assert.throws(
        () => parseKamailioOptions(line),
        (error) => error instanceof CliError && message.test(error.message) && error.advice !== '',
      );
    });
  }
});

describe('the two option syntaxes', () => {
  for (const [line, kamailio] of [
    [['run', 'a.cfg'], false],
    [['check', '-A', 'X', 'a.cfg'], false],
    [['demo'], false],
    [['--help'], false],
    [['--version'], false],
    [[], false],
    [['-f', 'a.cfg'], true],
    [['-DDE', '-f', 'a.cfg'], true],
    [['--debug=3', '-f', 'a.cfg'], true],
    [['-v'], true],
    [['-h'], true],
  ] as const) {
    it(`takes "${line.join(' ')}" for ${kamailio ? 'Kamailio’s' : 'our own'}`, () => {
      assert.equal(isKamailioStyle(line), kamailio);
    });
  }
});
