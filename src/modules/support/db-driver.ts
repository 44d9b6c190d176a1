import { type AnyModule, defineModule, type ParameterDefinition } from '../../script/module-definition.ts';

/**
 * A module of Kamailio's that is a database driver. Its `loadmodule` is taken and does nothing: the drivers are part of this server, and the
 * scheme of a database URL chooses among them.
 */
export function driverModule(name: string, parameters: readonly ParameterDefinition[]): AnyModule {
  return defineModule<null>({
    name,
    after: [],
    parameters,
    functions: [],
    variables: [],
    transformations: [],
    eventRoutes: [],
    create: () => null,
  });
}
