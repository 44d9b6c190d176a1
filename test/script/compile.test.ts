import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditList } from '../../src/message/edits.ts';
import { Branch } from '../../src/proxy/branch.ts';
import { RequestState } from '../../src/proxy/request-state.ts';
import { Target } from '../../src/proxy/target.ts';
import {
  defineModule,
  fn,
  intParam,
  listParam,
  ModuleError,
  type ModuleHost,
  strParam,
  type VariableAccess,
} from '../../src/script/module-definition.ts';
import { makeReplyContext } from '../../src/script/runtime-context.ts';
import { dropsReply } from '../../src/script/runtime-program.ts';
import { ROUTE_ANY } from '../../src/script/values.ts';
import { compileText, describe, optionsRequest, parsed, RECEIVED, runCompiled } from './support.ts';

/** A module that notes the order of things. */
function noting(name: string, after: readonly string[], events: string[], create?: (host: ModuleHost) => void) {
  return defineModule<{ readonly host: ModuleHost }>({
    name,
    after,
    parameters: [intParam('size', 3), strParam('label', 'none'), listParam('entry'), strParam('pv', '')],
    functions: [fn(`${name}_call`, [], ROUTE_ANY, () => () => 1)],
    variables: [
      {
        name: `${name}_value`,
        writable: true,
        inner: 'none',
        bind: () => (_inner, _index, text) => ({ text, get: () => name, int: null, set: () => true }),
        support: 'yes',
      },
    ],
    transformations: [],
    eventRoutes: [],
    create(host, parameters) {
      create?.(host);
      const list = parameters.list('entry').join('+');
      events.push(
        `create ${name} ${parameters.int('size')} ${parameters.str('label')} ${list} ${parameters.isSet('size')}`,
      );
      return { host };
    },
    start: () => events.push(`start ${name}`),
    stop: () => events.push(`stop ${name}`),
  });
}

test('modules are made after those they need, whatever the order of the file', () => {
  const events: string[] = [];
  const modules = [noting('second', ['first'], events), noting('first', [], events)];
  const { linked, result } = compileText(
    [
      '#!define LABEL "text"',
      'loadmodule "second.so"; loadmodule "first.so"',
      'modparam("first|second", "size", 8)',
      'modparam("first", "entry", "a")',
      'modparam("first", "entry", "b")',
      'modparamx("second", "label", "<$def(LABEL)>")',
      'request_route { first_call(); }',
    ].join('\n'),
    { modules },
  );
  linked.start();
  linked.stop();
  assert.deepEqual(events, [
    'create first 8 none a+b true',
    'create second 8 <text>  true',
    'start first',
    'start second',
    'stop second',
    'stop first',
  ]);
  assert.deepEqual(result.diagnostics, []);
});

test("a module's refusal points at the parameter, and what was made is stopped", () => {
  const events: string[] = [];
  const refuse = noting('second', ['first'], events, () => {
    throw new ModuleError('CFG_MODULE_SIZE', 'size is too small', 'size');
  });
  const { result } = compileText(
    'loadmodule "second.so"; loadmodule "first.so"\nmodparam("second", "size", 1)\nrequest_route { ; }',
    { modules: [refuse, noting('first', [], events)] },
  );
  assert.deepEqual(result.diagnostics.map(describe), ['error CFG_MODULE_SIZE 2:20: second: size is too small']);
  assert.deepEqual(events, ['create first 3 none  false', 'stop first']);
});

test('any other exception of a module is a problem at its loadmodule', () => {
  const broken = noting('first', [], [], () => {
    throw new TypeError('oops');
  });
  const { result } = compileText('loadmodule "first.so"\nrequest_route { ; }', { modules: [broken] });
  assert.deepEqual(result.diagnostics.map(describe), [
    'error CFG_MODULE_FAILED 1:1: module first cannot be started: oops',
  ]);
});

test('a parameter may name a variable of a module that is made later', () => {
  let access: VariableAccess | string = '';
  let unknown: VariableAccess | string = '';
  const modules = [
    noting('first', [], [], (host) => {
      access = host.variable('$second_value');
      unknown = host.variable('$nothing');
    }),
    noting('second', [], []),
  ];
  const run = runCompiled(compileText('request_route { xlog("$second_value $first_value"); }', { modules }));
  assert.deepEqual(run.lines, ['second first']);
  assert.equal(typeof access === 'string' ? access : (access as VariableAccess).get(run.ctx), 'second');
  assert.equal(unknown, 'unknown variable $nothing');
});

test('formats of modules', () => {
  let host: ModuleHost | null = null;
  const run = runCompiled(
    compileText('request_route { ; }', {
      modules: [
        noting('first', [], [], (made) => {
          host = made;
        }),
      ],
    }),
  );
  const made = host as unknown as ModuleHost;
  assert.equal(made.format('<$rm $avp(x)>').get(run.ctx), '<OPTIONS <null>>');
  assert.equal(made.format('plain').constant, 'plain');
  assert.equal(made.program(), run.linked.program);
});

const INVITE = optionsRequest('', 'INVITE');

function branchOf(uri: string): Branch {
  return new Branch(0, new Target(uri), 0);
}

test('hooks: branch_route sees its own branch and may drop it', () => {
  const { linked, log } = compileText(
    'branch_route[B] { xlog("$ru"); $ru = "sip:changed@h"; if ($rU == "x") { drop; } if ($avp(d) == 1) { drop; } }',
  );
  const { hooks } = linked.program;
  const state = new RequestState(INVITE, RECEIVED, hooks);
  const branch = branchOf('sip:one@h');
  assert.equal(hooks.branchRoute('B', state, branch), true);
  assert.equal(branch.target.uri, 'sip:changed@h');
  assert.equal(state.target.uri, INVITE.requestUri);
  state.attributes.avps.push('d', 1);
  assert.equal(hooks.branchRoute('B', state, branch), false);
  assert.equal(hooks.branchRoute('NONE', state, branch), true, 'an armed route that does not exist does nothing');
  assert.deepEqual(log.script, ['sip:one@h', 'sip:changed@h']);
});

test('hooks: a branch_route that waits gives its answer later, and no warning; an onsend_route cannot', async () => {
  const { linked, log, result } = compileText(
    'branch_route[B] { probe_later("1"); if ($rU == "no") { drop; } xlog("$rU"); }\nonsend_route { probe_later("1"); }',
  );
  assert.deepEqual(
    result.diagnostics.map(({ code, line }) => `${code} ${line}`),
    ['CFG_ASYNC_ROUTE 2'],
  );
  const { hooks } = linked.program;
  const state = new RequestState(INVITE, RECEIVED, hooks);
  const answers = ['sip:yes@h', 'sip:no@h'].map((uri) => hooks.branchRoute('B', state, branchOf(uri)));
  assert.ok(answers.every((answer) => answer instanceof Promise));
  assert.deepEqual(await Promise.all(answers), [true, false]);
  assert.deepEqual(log.script, ['yes']);
});

const REPLY = parsed(
  'SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:17353;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n' +
    'Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
);

test('hooks: onreply_route drops on drop only', () => {
  const { linked, log } = compileText(
    'onreply_route[R] { xlog("$rs $rr"); is_method("BYE"); }\nonreply_route[D] { if (status=~"1..") { drop; } }',
  );
  const { hooks } = linked.program;
  const state = new RequestState(INVITE, RECEIVED, hooks);
  assert.equal(hooks.replyRoute('R', state, branchOf('sip:a@b'), REPLY, RECEIVED, new EditList()), true);
  assert.equal(hooks.replyRoute('D', state, branchOf('sip:a@b'), REPLY, RECEIVED, new EditList()), false);
  assert.deepEqual(log.script, ['180 Ringing']);
});

test('hooks: failure_route sees the request and the winning reply', async () => {
  const { linked, log } = compileText('failure_route[F] { xlog("$rm"); probe_later("1"); xlog("later"); }');
  const { hooks } = linked.program;
  const state = new RequestState(INVITE, RECEIVED, hooks);
  await hooks.failureRoute('F', state, branchOf('sip:a@b'));
  assert.deepEqual(log.script, ['INVITE', 'later']);
});

test('hooks: branch failure and onsend', () => {
  const { linked, log } = compileText(
    'event_route[tm:branch-failure:X] { xlog("bf"); }\nonsend_route { if ($avp(block) == 1) { drop; } }',
  );
  const { hooks } = linked.program;
  const state = new RequestState(INVITE, RECEIVED, hooks);
  void hooks.branchFailureRoute('X', state, branchOf('sip:a@b'));
  assert.deepEqual(log.script, ['bf']);
  assert.equal(hooks.onsendRoute?.(state, null, ''), true);
  state.attributes.avps.push('block', 1);
  assert.equal(hooks.onsendRoute?.(state, null, ''), false);
  assert.equal(compileText('request_route { ; }').linked.program.hooks.onsendRoute, null);
});

test('what discards a reply in the core reply_route', () => {
  const drops = (body: string, blocks = ''): boolean => {
    const { program } = compileText(`reply_route { ${body} }\n${blocks}`).linked;
    const ctx = makeReplyContext(program, REPLY, RECEIVED, new EditList(), 1);
    const route = program.route('reply', '');
    assert.ok(route !== null);
    return dropsReply(ctx, program.run(route, ctx) as number);
  };
  assert.equal(drops('xlog("x");'), false);
  assert.equal(drops('exit;'), false);
  assert.equal(drops('route(E);', 'route[E] { exit; }'), false);
  assert.equal(drops('$var(x)=route(E);', 'route[E] { exit; }'), false);
  assert.equal(drops('return;'), false);
  assert.equal(drops('switch($rs) { case 180: xlog("x"); }'), false);
  assert.equal(drops('drop;'), true);
  assert.equal(drops('drop(1);'), true);
  assert.equal(drops('exit(-1);'), true);
  assert.equal(drops('exit(0);'), true);
  assert.equal(drops('return 0;'), true);
  assert.equal(drops('return -1;'), true);
  assert.equal(drops('is_method("BYE");'), true);
  assert.equal(drops('route(D);', 'route[D] { drop; }'), true);
  assert.equal(drops('switch($rs) { case 180: xlog("x"); break; }'), true, 'the last action is the break, of value 0');
  assert.equal(drops('if (route(Z)) { ; }', 'route[Z] { return 0; }'), true);
});
