/** The command line run from the sources, whatever a build left in dist/: what tests start in place of bin/trunkline. */
import { main } from '../../src/cli/main.ts';

await main(process.argv.slice(2));
