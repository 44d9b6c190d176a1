import type { TransformationDefinition } from '../module-definition.ts';
import { addressTransformations } from './addresses.ts';
import { encodingTransformations } from './encodings.ts';
import { listTransformations } from './lists.ts';
import { stringTransformations } from './strings.ts';
import { uriTransformations } from './uris.ts';
import { valueTransformations } from './values.ts';

export { coreHash } from './core-hash.ts';

/** Every transformation that needs no loadmodule. */
export const coreTransformations: readonly TransformationDefinition[] = [
  ...stringTransformations,
  ...encodingTransformations,
  ...uriTransformations,
  ...addressTransformations,
  ...listTransformations,
  ...valueTransformations,
];
