import { sanitizeReason } from '../message/sanitize.ts';
import { defineModule, intParam, ModuleError, strParam, type VariableAccess } from '../script/module-definition.ts';
import { CHARGING_FUNCTIONS, CHARGING_VARIABLE } from './siputils/charging-vector.ts';
import { SIPUTILS_FUNCTIONS } from './siputils/functions.ts';
import type { SiputilsModule } from './siputils/instance.ts';
import { readStrip } from './support/identities.ts';

/** siputils: questions about messages, URIs and numbers, and small changes of them. */
export const siputils = defineModule<SiputilsModule>({
  name: 'siputils',
  after: ['sl'],
  parameters: [
    strParam('options_accept', '*/*'),
    strParam('options_accept_encoding', ''),
    strParam('options_accept_language', 'en'),
    strParam('options_support', ''),
    strParam('contact_flds_separator', '*'),
    strParam('rpid_prefix', ''),
    strParam('rpid_suffix', ';party=calling;id-type=subscriber;screen=yes'),
    strParam('rpid_avp', '$avp(s:rpid)'),
    intParam(
      'rpid_strip',
      0,
      'yes: ours; headers of the client that append_rpid_hf() takes away: 1 Remote-Party-ID, 2 P-Asserted-Identity, 4 P-Preferred-Identity',
    ),
    intParam('e164_max_len', 16),
    intParam('ring_timeout', 0),
  ],
  functions: [...SIPUTILS_FUNCTIONS, ...CHARGING_FUNCTIONS],
  variables: [CHARGING_VARIABLE],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const line = (name: string, parameter: string): string =>
      `${name}: ${sanitizeReason(parameters.str(parameter))}\r\n`;
    const separator = parameters.str('contact_flds_separator').charAt(0);
    if (!/^[!-~]$/.test(separator) || /[@:;<>"]/.test(separator)) {
      throw new ModuleError(
        'SIPUTILS_SEPARATOR',
        `"${separator}" cannot separate fields of a user part`,
        'contact_flds_separator',
      );
    }
    let rpid: VariableAccess | null = null;
    const name = parameters.str('rpid_avp');
    if (name !== '') {
      const access = host.variable(name);
      if (typeof access === 'string') throw new ModuleError('SIPUTILS_RPID_AVP', access, 'rpid_avp');
      rpid = access;
    }
    return {
      host,
      capabilities:
        line('Accept', 'options_accept') +
        line('Accept-Encoding', 'options_accept_encoding') +
        line('Accept-Language', 'options_accept_language') +
        line('Supported', 'options_support'),
      rpidPrefix: parameters.str('rpid_prefix'),
      rpidSuffix: parameters.str('rpid_suffix'),
      rpidStrip: readStrip(parameters, 'SIPUTILS_RPID_STRIP'),
      rpid,
      e164Length: parameters.int('e164_max_len'),
      separator,
      ringTimeout: parameters.int('ring_timeout'),
    };
  },
});
