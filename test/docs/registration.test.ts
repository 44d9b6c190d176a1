/** docs/registration.md says what the code does: its picture, its numbers, its parameters. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { anchor } from '../../scripts/docs/markdown.ts';
import { REGISTRATION_RESULTS, REGISTRATION_STATES } from '../../src/modules/uac/reg-counters.ts';
import { accountRecord } from '../../src/modules/uac/reg-record.ts';
import { registrationCommands } from '../../src/modules/uac/reg-rpc.ts';
import { registrationParameters } from '../../src/modules/uac/reg-settings.ts';
import { uac } from '../../src/modules/uac.ts';
import { UACREG_COLUMNS } from '../../src/storage/uacreg-table.ts';
import type { Random } from '../../src/time/random.ts';
import type { RegistrationStateName, RegistrationView } from '../../src/uac/registration/engine.ts';
import { DEFAULT_RETRY, refreshDelay, retryDelay } from '../../src/uac/registration/policy.ts';
import { type MachineEvent, type MachineState, machineState, transition } from '../../src/uac/registration/states.ts';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'registration.md');
const PAGE = readFileSync(FILE, 'utf8');

/** Rows of the table under a heading that begins with these words, each as its cells. */
function tableAfter(words: string): string[][] {
  const lines = PAGE.slice(PAGE.indexOf(words)).split('\n');
  const start = lines.findIndex((line) => /^\|[-:| ]+\|$/.test(line));
  assert.ok(PAGE.includes(words) && start > 0, `no table after "${words}"`);
  const rows: string[][] = [];
  for (const line of [lines[start - 1] ?? '', ...lines.slice(start + 1)]) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** Names in backquotes. */
function named(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

const FAILED = { type: 'failed', lasting: false, held: false } as const;

/** What happens to an account without anybody's doing. */
const BY_ITSELF: readonly MachineEvent[] = [
  { type: 'due' },
  { type: 'place', held: true },
  { type: 'place', held: false },
  { type: 'moved' },
  { type: 'registered', refreshIn: 1 },
  { ...FAILED, retryIn: 1 },
  { ...FAILED, retryIn: 1, held: true },
  { ...FAILED, retryIn: 1, lasting: true },
  { ...FAILED, retryIn: -1 },
  { type: 'removed' },
  { type: 'faulty' },
];

const off = (goal: 'disabled' | 'unregistered' | 'gone', unregister: boolean): MachineEvent => ({
  type: 'off',
  goal,
  unregister,
});

/** The rows of the second table. */
const BY_SOMEBODY: Readonly<Record<string, MachineEvent>> = {
  'row changed': { type: 'start', goal: 'on', delay: 0 },
  'row changed to flags 1': { type: 'start', goal: 'disabled', delay: 0 },
  'row changed to expires 0': { type: 'start', goal: 'idle', delay: 0 },
  enable: { type: 'on', again: false },
  register: { type: 'on', again: true },
  'disable, binding to be removed': off('disabled', true),
  disable: off('disabled', false),
  unregister: off('unregistered', true),
  'remove, binding to be removed': off('gone', true),
  remove: off('gone', false),
};

/** What the engine never raises, although the machine would know what to do: faults are found in the queue, where nobody has been refused yet. */
function happens({ name }: MachineState, event: MachineEvent): boolean {
  if (event.type === 'faulty') return name === 'queued';
  return !(event.type === 'failed' && event.lasting && name === 'queued');
}

const FIRST: readonly MachineEvent[] = [
  { type: 'start', goal: 'on', delay: 0 },
  { type: 'start', goal: 'on', delay: 5 },
  { type: 'start', goal: 'disabled', delay: 0 },
  { type: 'start', goal: 'idle', delay: 0 },
];

/** Every state that an account can be in, with every goal that it can have there. */
function reachable(): readonly MachineState[] {
  const begin = machineState('idle', 'idle');
  const seen = new Set<MachineState>([begin]);
  for (const state of FIRST.map((event) => transition(begin, event).state)) seen.add(state);
  for (const state of seen)
    for (const event of [...BY_ITSELF, ...Object.values(BY_SOMEBODY)])
      if (happens(state, event)) seen.add(transition(state, event).state);
  return [...seen];
}

test('every parameter is there with its default', () => {
  const rows = new Map(
    [...tableAfter('## Parameters'), ...tableAfter('Kamailio has none of these')].map(([name = '', value = '']) => [
      named(name)[0] ?? '',
      value,
    ]),
  );
  for (const { name, default: value } of registrationParameters) {
    const said = rows.get(name);
    assert.ok(said !== undefined, `${name} is missing`);
    // These two mean something else where they are not written than with the value that Kamailio has for them.
    if (name === 'reg_retry_interval' || name === 'reg_keep_callid') assert.equal(said, 'not set');
    else assert.equal(said.replaceAll('`', ''), value === null ? 'none' : `${value}`, name);
  }
  const known = new Set(uac.definition.parameters.map(({ name }) => name));
  const invented = [...rows.keys()].filter((name) => name !== '' && !known.has(name));
  assert.deepEqual(invented, []);
});

test('every state, result, column, function, command and field is there', () => {
  assert.deepEqual(
    tableAfter('An account is in exactly one')
      .slice(1)
      .map(([name = '']) => named(name)[0]),
    REGISTRATION_STATES,
  );
  const results = tableAfter('### After a failure')
    .slice(1)
    .map(([name = '']) => named(name)[0]);
  assert.deepEqual(new Set([...results, 'ok']), new Set(REGISTRATION_RESULTS));
  for (const { name, since } of UACREG_COLUMNS) {
    const row = tableAfter('### The table').find(([cell = '']) => named(cell).includes(name));
    assert.equal(row?.[1], `${since}`, name);
  }
  for (const { name } of uac.definition.functions.filter((one) => one.name.startsWith('uac_reg_')))
    assert.ok(PAGE.includes(`\`${name}(`), name);
  for (const { name } of registrationCommands) assert.ok(PAGE.includes(`\`${name}\``), name);
  const view = { row: {}, serviceRoute: [] } as unknown as RegistrationView;
  for (const [name] of accountRecord(view, 0, { showSecrets: false, kamailioFields: false }).members)
    assert.ok(PAGE.includes(`\`${name}\``), name);
});

test('the picture has every transition that happens by itself, and no other', () => {
  const edges = new Set<string>();
  for (const event of FIRST) edges.add(`[*] --> ${transition(machineState('idle', 'idle'), event).state.name}`);
  for (const state of reachable()) {
    for (const event of BY_ITSELF) {
      const next = transition(state, event);
      if (!happens(state, event)) continue;
      if (next.state.name !== state.name) edges.add(`${state.name} --> ${next.state.name}`);
      if (next.effects.some(({ kind }) => kind === 'forget')) edges.add(`${next.state.name} --> [*]`);
    }
  }
  const picture = /```mermaid\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  const drawn = [...picture.matchAll(/^ +(\S+ --> \S+): /gm)].map(([, edge = '']) => edge);
  assert.deepEqual([...drawn].sort(), [...edges].sort());
});

test('the table of rows and operators says where each leads from each state', () => {
  const [head = [], ...rows] = tableAfter('What a row and an operator do');
  const groups = head.slice(1).map(named);
  assert.deepEqual(new Set(groups.flat()), new Set(REGISTRATION_STATES));
  assert.deepEqual(
    rows.map(([label = '']) => label),
    Object.keys(BY_SOMEBODY),
  );
  for (const [label = '', ...cells] of rows) {
    for (const [column, names] of groups.entries()) {
      for (const state of reachable()) {
        if (!names.includes(state.name)) continue;
        const { name } = transition(state, BY_SOMEBODY[label] as MachineEvent).state;
        const said = cells[column] === 'stays' ? state.name : named(cells[column] ?? '')[0];
        assert.equal(said, name as RegistrationStateName, `${label}, from ${state.name} (${state.goal})`);
      }
    }
  }
});

/** Draws the same number always. */
function fixed(value: number): Random {
  return { uint32: () => value } as unknown as Random;
}
const LOWEST = fixed(0);
const HIGHEST = fixed(0xffff_ffff);

/** `5 s to 6.7 s` of a cell as two numbers. */
function bounds(cell: string): readonly number[] {
  return (/^([\d.]+) s to ([\d.]+) s$/.exec(cell)?.slice(1) ?? []).map(Number);
}

function about(actual: readonly number[], said: readonly number[], what: string): void {
  assert.equal(said.length, 2, what);
  for (const [i, value] of actual.entries())
    assert.ok(Math.abs(value - (said[i] ?? 0)) < 0.05, `${what}: ${value} is not ${said[i]}`);
}

test('the times of refreshes and of attempts after failures are those of the policy', () => {
  for (const [granted = '', cell = ''] of tableAfter('### Refresh').slice(1)) {
    const seconds = Number.parseInt(granted, 10);
    about([refreshDelay(seconds, HIGHEST) / 1000, refreshDelay(seconds, LOWEST) / 1000], bounds(cell), granted);
  }
  const [, ...rows] = tableAfter('Pauses grow with the failures');
  assert.equal(rows.length, 6);
  for (const [count = '', passing = '', refused = ''] of rows) {
    const failures = Number.parseInt(count, 10);
    const times = (result: 'timeout' | 'refused'): number[] =>
      [LOWEST, HIGHEST].map((random) => retryDelay(result, failures, 0, DEFAULT_RETRY, random) / 1000);
    about(times('timeout'), bounds(passing), `${count}, may pass`);
    about(times('refused'), bounds(refused), `${count}, refused`);
  }
});

test('its links lead somewhere', () => {
  for (const [, target = ''] of PAGE.replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
    const [file = '', fragment = ''] = target.split('#');
    const path = file === '' ? FILE : join(dirname(FILE), file);
    assert.ok(existsSync(path), target);
    const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => anchor(text));
    assert.ok(fragment === '' || headings.includes(fragment), target);
  }
});
