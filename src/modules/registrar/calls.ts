import { parseUri } from '../../message/uri.ts';
import type { CallFinding, KnownCall } from '../../script/module-definition.ts';
import { saveFlags } from './save.ts';

/** Functions whose second argument is a URI. */
const WITH_URI: ReadonlySet<string> = new Set(['lookup', 'lookup_to_dset', 'registered', 'unregister']);

/**
 * Calls that can never work, as constants show: flags and URIs where OpenSIPS has words ("memory-only", "method-filtering").
 * Warnings, because Kamailio starts with them; there as here such a save() or lookup() fails each time.
 */
export function reviewCalls(calls: readonly KnownCall[]): readonly CallFinding[] {
  return calls.flatMap((call): CallFinding[] => {
    const { module, name, args } = call;
    if (module !== 'registrar') return [];
    const second = args[1];
    if (typeof second !== 'string' || second === '') return [];
    if (name === 'save' && saveFlags(second) === null) {
      return [
        finding(
          call,
          `"${second}" are no flags: this call will always fail`,
          'flags are a number; max_contacts is a modparam',
        ),
      ];
    }
    if (WITH_URI.has(name) && parseUri(second) === null) {
      const hint = second.includes('method-filtering')
        ? 'write modparam("registrar", "method_filtering", 1)'
        : undefined;
      return [finding(call, `"${second}" is no URI: this call will always fail`, hint)];
    }
    return [];
  });
}

function finding(call: KnownCall, message: string, hint: string | undefined): CallFinding {
  return { call, severity: 'warning', message, ...(hint === undefined ? {} : { hint }) };
}
