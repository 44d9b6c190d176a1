import { paramValue } from '../../message/params.ts';
import type { Via } from '../../message/via.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { type CoreVariable, type Getter, keyed } from './define.ts';

function variable(
  name: string,
  pick: (vias: readonly Via[], ctx: ScriptContext) => Via | null | undefined,
): CoreVariable {
  const read =
    (value: (via: Via) => Value): Getter =>
    (ctx) => {
      const via = pick(ctx.message.vias, ctx);
      return via ? value(via) : null;
    };
  return keyed(name, false, {
    host: read((via) => via.host),
    port: read((via) => (via.port === 0 ? 5060 : via.port)),
    proto: read((via) => via.transport),
    branch: read((via) => via.branch || null),
    received: read((via) => via.received || null),
    rport: read((via) => (via.rport > 0 ? via.rport : null)),
    i: read((via) => paramValue(via.params, 'i') ?? null),
    oc: read((via) => paramValue(via.params, 'oc') ?? null),
    params: read((via) => via.params.slice(1) || null),
  });
}

/** Parts of the first, the second and the last Via. */
export const viaVariables: readonly CoreVariable[] = [
  variable('via0', (_vias, ctx) => ctx.message.topVia),
  variable('via1', (vias) => vias[1]),
  variable('viaZ', (vias) => vias.at(-1)),
];
