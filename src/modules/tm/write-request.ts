import { constants, open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { openUnixDatagram } from '../../rpc/unix-datagram.ts';
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

/** The socket that datagrams leave from; there is one for each server, made when it is first needed. */
const SENDER = 'tm datagrams';

/** Sends to a datagram socket that another program reads. */
async function writeDatagram(module: TmModule, path: string, text: string): Promise<number> {
  const { host } = module;
  const report = (why: string): number => {
    host.log.write(L_ERR, 'tm', `t_write_unix: ${path}: ${why}`, 'TM_FIFO');
    return -1;
  };
  if (!isAbsolute(path)) return report('the path is not absolute');
  try {
    module.datagrams ??= host.keep.take(
      SENDER,
      () =>
        openUnixDatagram(join(host.runtime.directory, `tm-${process.pid}.sock`), 0o600, () => {}, {
          owner: host.runtime.owner,
          report: (_code, why) => report(why),
        }),
      (socket) => void socket.then((open) => open.close()).catch(() => {}),
    );
    (await module.datagrams.value).send(path, Buffer.from(text, 'latin1'));
    return 1;
  } catch (error) {
    // The next call tries anew: the directory may be there by then.
    module.datagrams?.release();
    module.datagrams = null;
    return report(error instanceof Error ? error.message : `${error}`);
  }
}

type Write = (module: TmModule, path: string, text: string) => Promise<number>;

/** t_write_req and t_write_unix: the transaction's request as lines for another program (tm README, SER's "external programs"). */
function writeFunction(name: string, write: Write): TmFunction {
  return fn(
    name,
    ['str', 'str'],
    ROUTE_REQUEST | ROUTE_FAILURE,
    (m: TmModule) => (ctx, path, action) => {
      const { transaction } = ctx.state;
      if (transaction === null) {
        m.host.log.write(L_ERR, 'tm', `${name}: there is no transaction`, 'TM_BAD_ARGUMENT');
        return -1;
      }
      return write(m, path, requestText(ctx, transaction, action));
    },
    { async: true, support: 'partly: without the lines that tw_append names' },
  );
}

export const WRITE_FUNCTIONS: readonly TmFunction[] = [
  writeFunction('t_write_req', writeFifo),
  writeFunction('t_write_unix', writeDatagram),
];
