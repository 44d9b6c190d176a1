import { constants, open } from 'node:fs/promises';
import { L_ERR } from '../../script/log.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_FAILURE, ROUTE_REQUEST } from '../../script/values.ts';
import type { TmFunction, TmModule } from './instance.ts';
import { requestText } from './request-text.ts';

/** Writes to a FIFO that another program reads; without a reader the opening fails instead of waiting for one. */
async function writeFifo(module: TmModule, path: string, text: string): Promise<number> {
  try {
    const fifo = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      await fifo.writeFile(text, 'latin1');
    } finally {
      await fifo.close();
    }
    return 1;
  } catch (error) {
    const why = error instanceof Error ? error.message : `${error}`;
    module.host.log.write(L_ERR, 'tm', `t_write_req: ${path}: ${why}`, 'TM_FIFO');
    return -1;
  }
}

export const WRITE_FUNCTIONS: readonly TmFunction[] = [
  fn(
    't_write_req',
    ['str', 'str'],
    ROUTE_REQUEST | ROUTE_FAILURE,
    (m) => (ctx, path, action) => {
      const { transaction } = ctx.state;
      if (transaction === null) {
        m.host.log.write(L_ERR, 'tm', 't_write_req: there is no transaction', 'TM_BAD_ARGUMENT');
        return -1;
      }
      return writeFifo(m, path, requestText(ctx, transaction, action));
    },
    { async: true, support: 'partly: without the lines that tw_append names' },
  ),
];
