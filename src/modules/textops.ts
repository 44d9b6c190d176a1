import { defineModule, intParam } from '../script/module-definition.ts';
import { BODY_FUNCTIONS } from './textops/body.ts';
import { HEADER_FUNCTIONS } from './textops/headers.ts';
import { createTextops, type TextopsModule } from './textops/instance.ts';
import { METHOD_FUNCTIONS } from './textops/methods.ts';
import { REPLACE_FUNCTIONS } from './textops/replace.ts';
import { STRING_FUNCTIONS } from './textops/strings.ts';

/** textops: reading and changing a message's text. */
export const textops = defineModule<TextopsModule>({
  name: 'textops',
  after: [],
  parameters: [intParam('xlbuf_size', null, 'ignored: texts have no fixed buffer')],
  functions: [...METHOD_FUNCTIONS, ...HEADER_FUNCTIONS, ...REPLACE_FUNCTIONS, ...STRING_FUNCTIONS, ...BODY_FUNCTIONS],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host) => createTextops(host),
});
