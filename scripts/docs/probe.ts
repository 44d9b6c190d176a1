/** Asks the checker itself, so that what the pages say of it is what it does. */
import { modules as allModules } from '../../src/modules/index.ts';
import { checkConfig } from '../../src/script/checker.ts';
import { coreSymbols, knownVariables } from '../../src/script/compile.ts';
import { type Diagnostic, DiagnosticList, type Severity } from '../../src/script/diagnostic.ts';
import { defineModule, fn, strParam } from '../../src/script/module-definition.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import type { ModuleTable } from '../../src/script/symbol-table.ts';
import { ROUTE_ANY } from '../../src/script/values.ts';

/** What `check` finds in a configuration that has every module loaded. */
export function check(text: string, modules: ModuleTable = allModules): readonly Diagnostic[] {
  const loads = [...modules.keys()]
    .filter((name) => !text.includes(`${name}.so"`))
    .map((name) => `loadmodule "${name}.so"`);
  const parsed = parseConfig(
    { file: 'example.cfg', text: `${loads.join('\n')}\n${text}\n` },
    {
      readFile: (name) => (name === 'other.cfg' ? '# included\n' : null),
      env: { HOME: '/root' },
      cwd: '/',
      isKnownVariable: knownVariables(modules),
    },
  );
  const diagnostics = new DiagnosticList();
  checkConfig({
    config: parsed.ast,
    defines: parsed.defines,
    diagnostics,
    modules,
    core: coreSymbols,
    options: { unsupported: 'error' },
  });
  return [...parsed.diagnostics, ...diagnostics.all];
}

/** A module that has one of each marked 'no', so that what is said does not depend on which of the real ones still is. */
const PROBE = defineModule<null>({
  name: 'probe',
  after: [],
  parameters: [strParam('absent', null, 'no: a probe')],
  functions: [fn('probe_absent', [], ROUTE_ANY, () => () => -1, { support: 'no: a probe' })],
  variables: [
    {
      name: 'probe_absent',
      writable: false,
      inner: 'none',
      support: 'no: a probe',
      bind: () => (_inner, _index, text) => ({ text, get: () => null, int: null, set: null }),
    },
  ],
  transformations: [],
  eventRoutes: [],
  create: () => null,
});

/** What `check` makes of a function whose definition is marked 'no': an error, a warning, or nothing. */
export function markOfFunctions(): Severity | null {
  return severity('request_route { probe_absent(); }', 'CFG_UNSUPPORTED_FUNCTION');
}

/** The same for a parameter. */
export function markOfParameters(): Severity | null {
  return severity('modparam("probe", "absent", "x")\nrequest_route { exit; }', 'CFG_UNSUPPORTED_PARAMETER');
}

/** The same for a variable. */
export function markOfVariables(): Severity | null {
  return severity('request_route { $var(x) = $probe_absent; }', 'CFG_UNSUPPORTED_VARIABLE');
}

function severity(text: string, code: string): Severity | null {
  return check(text, new Map([['probe', PROBE]])).find((each) => each.code === code)?.severity ?? null;
}
