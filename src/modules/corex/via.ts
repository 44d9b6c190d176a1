import { hasCrlf } from '../../message/serializer.ts';
import type { Attributes, XavpRecord } from '../../proxy/attributes.ts';
import type { ViaWishes } from '../../proxy/request-state.ts';
import type { ScriptContext } from '../../script/context.ts';
import { type FunctionDefinition, fn, type ModuleHost } from '../../script/module-definition.ts';
import type { Settings } from '../../script/settings.ts';
import { ROUTE_ANY } from '../../script/values.ts';
import { bracket } from '../../transport/ip.ts';

type Names = Settings['viaXavps'];

/** Via values made of xavps, as far as a route switched it on. */
class XavpVia implements ViaWishes {
  addParams = false;
  useFields = false;
  addReplyParams = false;
  private readonly names: Names;
  private readonly attributes: Attributes;

  constructor(names: Names, attributes: Attributes) {
    this.names = names;
    this.attributes = attributes;
  }

  params(): string {
    return this.addParams ? paramText(this.newest(this.names.params)) : '';
  }

  replyParams(): string {
    return this.addReplyParams ? paramText(this.newest(this.names.replyParams)) : '';
  }

  address(): { host: string; port: number } | null {
    const record = this.useFields ? this.newest(this.names.fields) : undefined;
    const host = `${record?.get('address')?.[0] ?? ''}`;
    // An address of which no Via can be made would make the request one that nobody can answer.
    if (!/^[\w.:[\]-]+$/.test(host)) return null;
    const port = Number(record?.get('port')?.[0] ?? 0);
    return { host: bracket(host), port: Number.isInteger(port) && port > 0 && port < 65536 ? port : 0 };
  }

  private newest(name: string): XavpRecord | undefined {
    return name === '' ? undefined : this.attributes.xavps.records(name)[0];
  }
}

/** The fields as URI-style parameters, the newest first, as the original writes them. */
function paramText(record: XavpRecord | undefined): string {
  let text = '';
  for (const [name, values] of [...(record ?? [])].reverse())
    for (const value of values) if (!hasCrlf(`${name}${value}`)) text += `;${name}=${value}`;
  return text;
}

type Switch = 'addParams' | 'useFields' | 'addReplyParams';

function viaFunction(name: string, what: Switch, support = 'yes'): FunctionDefinition<{ readonly host: ModuleHost }> {
  return fn(
    name,
    ['int'],
    ROUTE_ANY,
    (m) =>
      ({ state }: ScriptContext, on) => {
        if (!(state.viaWishes instanceof XavpVia))
          state.viaWishes = new XavpVia(m.host.settings.viaXavps, state.attributes);
        (state.viaWishes as XavpVia)[what] = on !== 0;
        return 1;
      },
    { support },
  );
}

const ORDER = 'yes: several values of one field stand together';

/** Functions that make Via values of xavps. */
export const VIA_FUNCTIONS: readonly FunctionDefinition<{ readonly host: ModuleHost }>[] = [
  viaFunction('via_add_xavp_params', 'addParams', ORDER),
  viaFunction('via_use_xavp_fields', 'useFields'),
  viaFunction('via_reply_add_xavp_params', 'addReplyParams', ORDER),
];
