/** Makes the KSR object of one program: an object for each module, with a function for each of its functions. */
import type { CodeLink } from '../../script/code.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { FunctionDefinition, ModuleDefinition } from '../../script/module-definition.ts';
import { ApiError } from '../errors.ts';
import type { Ksr } from '../generated/ksr-modules.ts';
import { KEMI_NAMES } from './aliases.ts';
import { Bound, CONTEXT, MISSING, namesOf, suggest } from './context.ts';
import { KsrCore, KsrX } from './core.ts';
import { KsrGetters } from './getters.ts';
import type { ModuleCall, Tools } from './tools.ts';

/** Makes the KSR object of a run. */
export type MakeKsr = (ctx: ScriptContext) => Ksr;

/**
 * @param link the program whose modules it calls
 * @returns a function that makes the object for one run of a handler: it is bound to that run, there is no current message anywhere else
 */
export function ksrOf(link: CodeLink, tools: Tools): MakeKsr {
  const byName = new Map<string, ModuleCall>();
  const available = [...link.moduleNames];
  const modf = (ctx: ScriptContext, name: string, args: readonly unknown[]): number | Promise<number> => {
    const call = byName.get(name);
    if (call !== undefined) return call(ctx, args);
    throw new ApiError('API_UNKNOWN_FUNCTION', suggest(`no loaded module has a function ${name}`, name, byName.keys()));
  };
  class ProgramKsr extends KsrCore {
    /** Ends of a handler, functions by name. */
    get x(): KsrX {
      return new KsrX(this[CONTEXT], (name, args) => modf(this[CONTEXT], name, args));
    }
    get kx(): KsrGetters {
      return new KsrGetters(this[CONTEXT], this.tools);
    }
    override [MISSING](name: string): never {
      if (available.includes(name))
        throw new ApiError(
          'API_MODULE_NOT_LOADED',
          `module ${name} is not loaded; add it to the modules of the configuration`,
        );
      throw new ApiError(
        'API_UNKNOWN_FUNCTION',
        suggest(`ksr has nothing of the name ${name}`, name, [...available, ...namesOf(this)]),
      );
    }
  }
  for (const module of link.modules) {
    const ModuleKsr = moduleClass(module, tools, byName);
    // What the core has under a module's name (pv) stays the core's.
    if (Object.hasOwn(KsrCore.prototype, module.name)) continue;
    Object.defineProperty(ProgramKsr.prototype, module.name, {
      get(this: ProgramKsr): Bound {
        return new ModuleKsr(this[CONTEXT]);
      },
    });
  }
  // The properties that the loop defined are those of the generated type.
  return (ctx) => new ProgramKsr(ctx, tools) as KsrCore as Ksr;
}

/** The class of a module's object. @param byName takes the calls by their names in kamailio.cfg */
function moduleClass(
  { name: module, functions }: ModuleDefinition<unknown>,
  tools: Tools,
  byName: Map<string, ModuleCall>,
): new (
  ctx: ScriptContext,
) => Bound {
  class ModuleKsr extends Bound {
    override [MISSING](name: string): never {
      throw new ApiError(
        'API_UNKNOWN_FUNCTION',
        suggest(`module ${module} has no function ${name}`, name, namesOf(this)),
      );
    }
  }
  const add = (name: string, call: ModuleCall): void => {
    Object.defineProperty(ModuleKsr.prototype, name, {
      value(this: Bound, ...args: unknown[]): number | Promise<number> {
        return call(this[CONTEXT], args);
      },
    });
  };
  const forms = new Map<string, FunctionDefinition<unknown>[]>();
  for (const definition of functions) forms.set(definition.name, [...(forms.get(definition.name) ?? []), definition]);
  for (const [name, definitions] of forms) {
    const call = tools.moduleCall(module, name, definitions, module === 'xlog');
    add(name, call);
    if (!byName.has(name)) byName.set(name, call);
  }
  for (const [owner, kemi, cfg] of KEMI_NAMES) {
    const call = byName.get(cfg);
    if (owner === module && call !== undefined && !forms.has(kemi)) add(kemi, call);
  }
  return ModuleKsr;
}
