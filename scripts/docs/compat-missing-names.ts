/** Finds names of Kamailio's modules that have no definition here. */
import type { AnyModule } from '../../src/script/module-definition.ts';
import { registryModules } from '../../src/script/registry.ts';
import { coreVariables } from '../../src/script/variables/index.ts';

/** Key and text of each: `rr.cookie_secret`, `tmx.bind_tmx()`, `pv.$x`. */
export function missingFrom(modules: Iterable<AnyModule>): string[] {
  const core = new Set(coreVariables.map(({ name }) => name));
  const missing: string[] = [];
  for (const { definition } of modules) {
    const registry = registryModules().get(definition.name);
    if (registry === undefined) continue;
    const names = (list: readonly { readonly name: string }[]): ReadonlySet<string> =>
      new Set(list.map(({ name }) => name));
    const functions = names(definition.functions);
    const parameters = names(definition.parameters);
    const variables = names(definition.variables);
    for (const name of registry.functions.keys())
      if (!functions.has(name)) missing.push(`${definition.name}.${name}()`);
    for (const name of registry.parameters.keys())
      if (!parameters.has(name)) missing.push(`${definition.name}.${name}`);
    for (const name of registry.variables)
      if (!variables.has(name) && !core.has(name)) missing.push(`${definition.name}.$${name}`);
  }
  return missing.sort();
}
