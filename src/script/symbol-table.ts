/**
 * Looks up the names of functions, variables and transformations among the loaded modules and the core, and says of a name that is not
 * found where it would come from.
 */

import type { FunctionSymbol, VariableSymbol } from './compile-ir.ts';
import { MISSING_MODULES } from './data/missing-modules.ts';
import type { DiagnosticCode } from './diagnostic.ts';
import type { AnyModule, TransformationDefinition, VariableDefinition } from './module-definition.ts';
import { modulesWithFunction, modulesWithVariable, registryModules } from './registry.ts';
import { didYouMean } from './suggestion.ts';

/** Modules that Trunkline has, by name. */
export type ModuleTable = ReadonlyMap<string, AnyModule>;

/** What is always there without a loadmodule. */
export interface CoreSymbols {
  readonly variables: readonly VariableDefinition<unknown>[];
  readonly transformations: readonly TransformationDefinition[];
}

/** Why a name is not found. */
export interface MissingName {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint: string | undefined;
  /** Known to Kamailio and not to us: the option may turn it into a warning. Then the module it is of, else ''. */
  readonly unsupportedIn: string;
}

/** Modules that bring classes of transformations. */
const TRANSFORMATION_MODULES: ReadonlyMap<string, string> = new Map([
  ['re', 'textops'],
  ['sql', 'sqlops'],
  ['sock', 'corex'],
  ['url', 'xhttp'],
  ['json', 'json'],
  ['kz', 'kazoo'],
  ['msrpuri', 'msrp'],
]);

/** Names of one configuration. */
export class SymbolTable {
  /** Loaded modules that we have, in the order of the file. */
  readonly loaded: readonly AnyModule[];
  private readonly loadedNames: ReadonlySet<string>;
  private readonly available: ModuleTable;
  private readonly functions = new Map<string, FunctionSymbol[]>();
  private readonly variables = new Map<string, VariableSymbol>();
  private readonly transformations = new Map<string, TransformationDefinition>();

  /**
   * @param loadedNames every name that was loaded, supported or not
   */
  constructor(
    loaded: readonly AnyModule[],
    loadedNames: ReadonlySet<string>,
    available: ModuleTable,
    core: CoreSymbols,
  ) {
    this.loaded = loaded;
    this.loadedNames = loadedNames;
    this.available = available;
    for (const definition of core.variables) this.variables.set(definition.name, { module: null, definition });
    for (const definition of core.transformations) this.transformations.set(definition.name, definition);
    for (const { definition: module } of loaded) {
      for (const definition of module.functions) {
        const list = this.functions.get(definition.name);
        if (list === undefined) this.functions.set(definition.name, [{ module: module.name, definition }]);
        else list.push({ module: module.name, definition });
      }
      for (const definition of module.variables)
        this.variables.set(definition.name, { module: module.name, definition });
      for (const definition of module.transformations) this.transformations.set(definition.name, definition);
    }
  }

  /** Names of every module there is. */
  get availableNames(): Iterable<string> {
    return this.available.keys();
  }

  /** All functions of this name, whatever their number of arguments; the modules loaded first come first. */
  functionsNamed(name: string): readonly FunctionSymbol[] {
    return this.functions.get(name) ?? [];
  }

  variable(name: string): VariableSymbol | undefined {
    return this.variables.get(name);
  }

  transformation(name: string): TransformationDefinition | undefined {
    return this.transformations.get(name);
  }

  /** True for a module that was loaded, supported or not. */
  isLoaded(module: string): boolean {
    return this.loadedNames.has(module);
  }

  /** Why there is no function of this name. */
  missingFunction(name: string): MissingName {
    const here = this.availableOwner((module) => module.functions.some((definition) => definition.name === name));
    if (here !== undefined) return notLoaded('CFG_UNKNOWN_FUNCTION', `${name}()`, here);
    const owners = modulesWithFunction(name);
    if (owners.length > 0)
      return this.unsupported('CFG_UNSUPPORTED_FUNCTION', 'CFG_UNKNOWN_FUNCTION', `${name}()`, owners);
    const hint = didYouMean(name, this.functionNames());
    return { code: 'CFG_UNKNOWN_FUNCTION', message: `unknown function ${name}()`, hint, unsupportedIn: '' };
  }

  /** Why there is no variable of this name. */
  missingVariable(name: string): MissingName {
    const here = this.availableOwner((module) => module.variables.some((definition) => definition.name === name));
    if (here !== undefined) return notLoaded('CFG_UNKNOWN_VARIABLE', `$${name}`, here);
    const owners = modulesWithVariable(name);
    if (owners.length > 0)
      return this.unsupported('CFG_UNSUPPORTED_VARIABLE', 'CFG_UNKNOWN_VARIABLE', `$${name}`, owners);
    const hint = this.variableHint(name);
    return { code: 'CFG_UNKNOWN_VARIABLE', message: `unknown variable $${name}`, hint, unsupportedIn: '' };
  }

  /** Why there is no transformation of this name. */
  missingTransformation(name: string): MissingName {
    const here = this.availableOwner((module) => module.transformations.some((definition) => definition.name === name));
    if (here !== undefined) return notLoaded('CFG_UNKNOWN_TRANSFORMATION', `transformation {${name}}`, here);
    const owner = TRANSFORMATION_MODULES.get(name.slice(0, name.indexOf('.')));
    if (owner !== undefined && (this.loadedNames.has(owner) || !this.available.has(owner))) {
      const what = `transformation {${name}}`;
      return this.unsupported('CFG_UNSUPPORTED_TRANSFORMATION', 'CFG_UNKNOWN_TRANSFORMATION', what, [owner]);
    }
    const hint = didYouMean(name, this.transformations.keys());
    return { code: 'CFG_UNKNOWN_TRANSFORMATION', message: `unknown transformation {${name}}`, hint, unsupportedIn: '' };
  }

  /** True for a variable name that exists somewhere: loaded, loadable or only in Kamailio. */
  isVariableName(name: string): boolean {
    return this.variables.has(name) || this.isForeignVariable(name);
  }

  private isForeignVariable(name: string): boolean {
    return (
      this.availableOwner((module) => module.variables.some((definition) => definition.name === name)) !== undefined ||
      modulesWithVariable(name).length > 0
    );
  }

  private availableOwner(has: (module: AnyModule['definition']) => boolean): string | undefined {
    for (const { definition } of this.available.values()) {
      if (!this.loadedNames.has(definition.name) && has(definition)) return definition.name;
    }
    return undefined;
  }

  /** A name that only Kamailio has: unsupported where one of its modules is loaded or is not ours, else its module is not loaded. */
  private unsupported(
    unsupportedCode: DiagnosticCode,
    unknownCode: DiagnosticCode,
    what: string,
    owners: readonly string[],
  ): MissingName {
    const loaded = owners.find((owner) => this.loadedNames.has(owner));
    const owner = loaded ?? owners[0] ?? '';
    if (loaded !== undefined) {
      const message = `${what} of module ${owner} is not supported by Trunkline`;
      return { code: unsupportedCode, message, hint: undefined, unsupportedIn: owner };
    }
    if (this.available.has(owner)) {
      const message = `${what} belongs to module ${owner}, which is not loaded; Trunkline does not support it either`;
      return { code: unknownCode, message, hint: undefined, unsupportedIn: '' };
    }
    const message = `${what} belongs to module ${owner}, which Trunkline does not have`;
    return { code: unsupportedCode, message, hint: undefined, unsupportedIn: owner };
  }

  private *functionNames(): Iterable<string> {
    yield* this.functions.keys();
    for (const { definition } of this.available.values()) for (const { name } of definition.functions) yield name;
  }

  private variableHint(name: string): string | undefined {
    // Variable names are short and differ by case alone ($fu, $fU): only the names that exist here are offered.
    return name.length < 2 ? undefined : didYouMean(name, this.variables.keys());
  }
}

function notLoaded(code: DiagnosticCode, what: string, module: string): MissingName {
  return {
    code,
    message: `${what} belongs to module ${module}, which is not loaded`,
    hint: `add loadmodule "${module}.so"`,
    unsupportedIn: '',
  };
}

/** What is known of a module name that Trunkline does not have. */
export function missingModule(name: string, available: ModuleTable): MissingName {
  if (registryModules().has(name)) {
    return {
      code: 'CFG_UNSUPPORTED_MODULE',
      message: `module ${name} is not supported by Trunkline`,
      hint: MISSING_MODULES.get(name),
      unsupportedIn: name,
    };
  }
  const hint = didYouMean(name, [...available.keys(), ...registryModules().keys()]);
  return { code: 'CFG_UNKNOWN_MODULE', message: `unknown module ${name}`, hint, unsupportedIn: '' };
}
