/** Every example is a configuration that can be run: here, and on Kamailio. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { Folder } from '../cli/fixtures.ts';
import { command, ROOT, startProgram } from '../support/command.ts';
import { peer } from '../support/peers.ts';

const EXAMPLES = globSync('examples/**/*.cfg', { cwd: ROOT }).sort();

/** Configurations shown in pages for people, so that nobody copies one that does not work. */
const PAGES = ['README.md', 'docs/authentication.md', 'docs/getting-started.md'];

interface Shown {
  readonly name: string;
  readonly text: string;
}

function shownIn(page: string): Shown[] {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```cfg\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, text = ''], i) => ({ name: `${page}, configuration ${i + 1}`, text }));
}

const SHOWN = PAGES.flatMap(shownIn);
const kamailio = peer('kamailio');

async function checkHere(file: string): Promise<void> {
  const { code, stdout, stderr } = await command(['check', file]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^[^\n]*: ok\n$/);
  assert.equal(stderr, '');
}

async function checkOnKamailio(file: string): Promise<void> {
  const { code, stdout, stderr } = await startProgram(kamailio.path, ['-c', '-f', file]).finished();
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stderr, /CRITICAL|ERROR/);
}

describe('examples', () => {
  it('are there', () => {
    assert.ok(EXAMPLES.length >= 20);
    assert.ok(SHOWN.length >= 2);
  });

  it('are all listed in examples/README.md', () => {
    const table = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
    for (const file of EXAMPLES) assert.ok(table.includes(`(${file.slice('examples/'.length)})`), file);
  });

  for (const file of EXAMPLES) {
    it(`${file}: trunkline check`, () => checkHere(file));
    // Written for the servers that Kamailio's modules auth come from, whose calls it does not know.
    if (/-open(?:ser|sips)\.cfg$|^examples\/opensips-/.test(file)) continue;
    it(`${file}: kamailio -c`, { skip: kamailio.skip }, () => checkOnKamailio(file));
  }
  for (const { name, text } of SHOWN) {
    it(`${name}: trunkline check`, async () => {
      using folder = new Folder();
      await checkHere(folder.write('kamailio.cfg', text));
    });
    it(`${name}: kamailio -c`, { skip: kamailio.skip }, async () => {
      using folder = new Folder();
      await checkOnKamailio(folder.write('kamailio.cfg', text));
    });
  }
});

describe('snippets of the blog page', () => {
  const text = readFileSync(join(ROOT, 'examples/blog-authenticate-outbound/kamailio.cfg'), 'utf8');
  /** The page's lines; the whole of what it asks its readers to write. */
  const SNIPPETS = [
    [
      'loadmodule "uac.so"',
      'modparam("uac", "reg_contact_addr", "10.0.1.252:5060")',
      'modparam("uac", "reg_db_url", DBURL)',
      'modparam("uac","auth_username_avp","$avp(auser)")',
      'modparam("uac","auth_password_avp","$avp(apass)")',
      'modparam("uac","auth_realm_avp","$avp(arealm)")',
    ],
    [
      '\t$du = "sip:sip.nickvsnetworking.com:5060";',
      '\tif(is_method("INVITE")) {',
      '\t\tt_on_failure("TRUNKAUTH");',
      '\t\tt_relay();',
      '\t\texit;',
      '\t   }',
    ],
    [
      'failure_route[TRUNKAUTH] {',
      '    xlog("trunk auth");',
      '    if (t_is_canceled()) {',
      '        exit;',
      '    }',
      '\txlog("Checking status code");',
      '    if(t_check_status("401|407")) {',
      '\txlog("status code is valid auth challenge");',
      '        $avp(auser) = "test";',
      '        $avp(apass) = "test";',
      '        uac_auth();',
      '\txlog("after uac_auth");',
      '        t_relay();',
      '        exit;',
      '    }',
      '}',
    ],
  ];
  for (const [i, lines] of SNIPPETS.entries()) {
    it(`piece ${i + 1} stands in the example character for character`, () => {
      assert.ok(text.includes(`\n${lines.join('\n')}\n`));
    });
  }
});

describe('the blog page about registrations', () => {
  it('has its two lines and its row in the example', () => {
    const text = readFileSync(join(ROOT, 'examples/registration/blog-remote-registration.cfg'), 'utf8');
    const lines = [
      'modparam("uac", "reg_contact_addr", "192.168.1.99:5060")',
      'modparam("uac", "reg_db_url", "mysql://kamailio:kamailiorw@localhost/kamailio")',
    ];
    assert.ok(text.includes(`\n${lines.join('\n')}\n`));
    assert.match(text, /'myusername', 'myusername', '192\.168\.1\.205'/);
  });
});

describe('examples of the uac README', () => {
  it('say which page they are from', () => {
    for (const file of EXAMPLES.filter((path) => dirname(path) === 'examples/uac-readme')) {
      assert.match(
        readFileSync(join(ROOT, file), 'utf8'),
        /^# From: README of Kamailio's uac module \((current|4\.0\.3|current and 4\.0\.3)\), "/m,
      );
    }
  });
});
