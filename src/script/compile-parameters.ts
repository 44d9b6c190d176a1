/** Values of a module's parameters as the module reads them. */
import type { ParameterValue } from './checker-modules.ts';
import type { ModuleParameters, ParameterDefinition } from './module-definition.ts';

/** The parameters of one module after the whole configuration was read. */
export class ParameterSet implements ModuleParameters {
  private readonly definitions = new Map<string, ParameterDefinition>();
  private readonly values: ReadonlyMap<string, readonly ParameterValue[]>;
  private readonly fill: (text: string) => string;

  /**
   * @param fill fills in the variables of a modparamx value
   */
  constructor(
    definitions: readonly ParameterDefinition[],
    values: ReadonlyMap<string, readonly ParameterValue[]>,
    fill: (text: string) => string,
  ) {
    for (const definition of definitions) this.definitions.set(definition.name, definition);
    this.values = values;
    this.fill = fill;
  }

  int(name: string): number {
    const value = this.last(name);
    return typeof value === 'number' ? value : 0;
  }

  str(name: string): string {
    const value = this.last(name);
    return value === null ? '' : String(value);
  }

  list(name: string): readonly (string | number)[] {
    return (this.values.get(name) ?? []).map((entry) => this.filled(entry));
  }

  isSet(name: string): boolean {
    return this.values.has(name);
  }

  private last(name: string): string | number | null {
    const given = this.values.get(name)?.at(-1);
    return given === undefined ? (this.definitions.get(name)?.default ?? null) : this.filled(given);
  }

  private filled({ value, interpolated }: ParameterValue): string | number {
    return interpolated && typeof value === 'string' ? this.fill(value) : value;
  }
}
