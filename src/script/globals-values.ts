/** Values of global parameters by name; the last assignment counts. */
import type { GlobalValue } from './ast-config.ts';
import type { DiagnosticList } from './diagnostic.ts';
import { parseInteger } from './runtime-convert.ts';
import { toWire } from './scope-text.ts';

/** Kamailio's words for truth where a string stands for an integer. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ['yes', 1],
  ['on', 1],
  ['true', 1],
  ['enable', 1],
  ['no', 0],
  ['off', 0],
  ['false', 0],
  ['disable', 0],
]);

/** What was assigned, read in the type the reader wants. */
export class GlobalValues {
  private readonly values = new Map<string, GlobalValue>();
  private readonly diagnostics: DiagnosticList;

  constructor(diagnostics: DiagnosticList) {
    this.diagnostics = diagnostics;
  }

  set(name: string, value: GlobalValue): void {
    this.values.set(name, value);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** Integer of a parameter; a text that is none is reported and counts as the default. */
  int(name: string, byDefault: number): number {
    const value = this.values.get(name);
    if (value === undefined) return byDefault;
    if (value.kind === 'int') return value.value;
    if (value.kind === 'addresses') return byDefault;
    const text = value.kind === 'string' ? value.value : value.name;
    const parsed = WORDS.get(text.toLowerCase()) ?? parseInteger(text.trim());
    if (!Number.isNaN(parsed)) return parsed;
    this.diagnostics.error('CFG_VALUE', `${name} is a number, not "${text}"`, value.at);
    return byDefault;
  }

  bool(name: string, byDefault: boolean): boolean {
    return this.int(name, byDefault ? 1 : 0) !== 0;
  }

  text(name: string, byDefault: string): string {
    const value = this.values.get(name);
    if (value === undefined || value.kind === 'addresses') return byDefault;
    if (value.kind === 'int') return String(value.value);
    return toWire(value.kind === 'string' ? value.value : value.name);
  }

  /** A whole header line without its line end; one that would make two lines is reported and cut. */
  header(name: string, byDefault: string): string {
    const text = this.text(name, byDefault).trim();
    if (!/[\r\n]/.test(text)) return text;
    const value = this.values.get(name);
    if (value !== undefined) this.diagnostics.error('CFG_VALUE', `${name} is one header line`, value.at);
    return text.replace(/[\r\n].*/s, '');
  }
}
