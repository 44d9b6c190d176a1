/** Asks the checker itself, so that what the pages say of it is what it does. */
import { modules } from '../../src/modules/index.ts';
import { checkConfig } from '../../src/script/checker.ts';
import { coreSymbols, knownVariables } from '../../src/script/compile.ts';
import { type Diagnostic, DiagnosticList, type Severity } from '../../src/script/diagnostic.ts';
import { parseConfig } from '../../src/script/parse-config.ts';

/** What `check` finds in a configuration that has every module loaded. */
export function check(text: string): readonly Diagnostic[] {
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

/** What `check` makes of a function whose definition is marked 'no': an error, a warning, or nothing. */
export function markOfFunctions(): Severity | null {
  return severity('request_route { uac_req_send(); }', 'CFG_UNSUPPORTED_FUNCTION');
}

/** The same for a parameter. */
export function markOfParameters(): Severity | null {
  return severity('modparam("tm", "on_sl_reply", "x")\nrequest_route { exit; }', 'CFG_UNSUPPORTED_PARAMETER');
}

/** The same for a variable. */
export function markOfVariables(): Severity | null {
  return severity('request_route { $uac_req(method) = "OPTIONS"; }', 'CFG_UNSUPPORTED_VARIABLE');
}

function severity(text: string, code: string): Severity | null {
  return check(text).find((each) => each.code === code)?.severity ?? null;
}
