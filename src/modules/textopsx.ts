import {
  HDR_CALL_ID,
  HDR_CONTACT,
  HDR_CONTENT_LENGTH,
  HDR_CONTENT_TYPE,
  HDR_CSEQ,
  HDR_FROM,
  HDR_MAX_FORWARDS,
  HDR_RECORD_ROUTE,
  HDR_ROUTE,
  HDR_TO,
  HDR_VIA,
  type HeaderId,
} from '../message/header-name.ts';
import { defineModule, fn } from '../script/module-definition.ts';
import { ROUTE_ANY } from '../script/values.ts';
import { replaceBody } from './support/body.ts';
import { matchesGlob } from './support/glob.ts';
import { removeHeader } from './support/header-lines.ts';
import { APPLY_FUNCTIONS } from './textopsx/apply.ts';
import type { TextopsxModule } from './textopsx/instance.ts';
import { ITERATOR_FUNCTIONS, ITERATOR_VARIABLES } from './textopsx/iterators.ts';
import { VALUE_FUNCTIONS } from './textopsx/value-functions.ts';

/** Headers that keep_hf() never removes. */
const ESSENTIAL: ReadonlySet<HeaderId> = new Set([
  HDR_VIA,
  HDR_FROM,
  HDR_TO,
  HDR_CALL_ID,
  HDR_CSEQ,
  HDR_CONTENT_LENGTH,
  HDR_CONTENT_TYPE,
  HDR_MAX_FORWARDS,
  HDR_CONTACT,
  HDR_ROUTE,
  HDR_RECORD_ROUTE,
]);

/** textopsx: applying changes, single values of headers, iterators. */
export const textopsx = defineModule<TextopsxModule>({
  name: 'textopsx',
  after: [],
  parameters: [],
  functions: [
    ...APPLY_FUNCTIONS,
    ...VALUE_FUNCTIONS,
    ...ITERATOR_FUNCTIONS,
    fn('remove_body', [], ROUTE_ANY, () => (ctx) => {
      if (ctx.message.bodyEnd > ctx.message.bodyStart) replaceBody(ctx, '');
      return 1;
    }),
    fn('keep_hf', ['regex?'], ROUTE_ANY, () => (ctx, regex) => {
      for (const header of ctx.message.headers) {
        if (ESSENTIAL.has(header.id) || regex?.test(ctx.message.nameOf(header)) === true) continue;
        removeHeader(ctx, header);
      }
      return 1;
    }),
    fn('fnmatch', ['str', 'str', 'str?'], ROUTE_ANY, () => (_ctx, value, pattern, flags) => {
      return matchesGlob(value, pattern, flags?.toLowerCase().includes('i') === true) ? 1 : -1;
    }),
  ],
  variables: ITERATOR_VARIABLES,
  transformations: [],
  eventRoutes: [],
  create: (host) => ({ host }),
});
