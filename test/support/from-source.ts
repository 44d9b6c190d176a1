/** For `node --import`: `trunkline` in examples is the sources, not what was built of them. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const SRC = join(import.meta.dirname, '..', '..', 'src');

registerHooks({
  resolve(specifier, context, next) {
    const own = /^trunkline(?:\/([a-z]+))?$/.exec(specifier);
    if (own === null) return next(specifier, context);
    return { url: pathToFileURL(join(SRC, own[1] ?? '', 'index.ts')).href, shortCircuit: true };
  },
});
