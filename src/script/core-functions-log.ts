/** log(), error(), exec() and the functions that choose configuration values. */
import { argInt, argText, type CoreFunction, coreFunction } from './core-functions-define.ts';
import { L_ALERT, L_DBG, L_ERR } from './log.ts';
import { resetInstance, selectInstance } from './variables/custom-settings.ts';

/** Plain-text logging and what else acts on nothing but the server. */
export function logFunctions(): CoreFunction[] {
  return [
    coreFunction('log', [1, 2], (args, { host }) => {
      const level = args.length === 2 ? argInt(args[0]) : L_ERR;
      const text = argText(args.at(-1));
      if (level === null || level < L_ALERT || level > L_DBG)
        return `a log level is a number from ${L_ALERT} to ${L_DBG}`;
      if (text === null) return 'the text to log is a string';
      return () => {
        host?.log.write(level, '<script>', text);
        return 1;
      };
    }),
    coreFunction('error', 2, (args, { host }) => {
      const text = `${argText(args[0]) ?? ''}: ${argText(args[1]) ?? ''}`;
      return () => {
        host?.log.write(L_ERR, '<script>', text);
        return 1;
      };
    }),
    coreFunction(
      'exec',
      1,
      (_args, { host }) =>
        () => {
          host?.log.write(
            L_ERR,
            'core',
            'exec() is refused: a configuration does not run shell commands',
            'SCRIPT_EXEC_REFUSED',
          );
          return -1;
        },
      { support: 'no: shell commands are refused' },
    ),
    coreFunction(
      'cfg_select',
      2,
      (args, { host }) => {
        const group = argText(args[0]);
        const id = argText(args[1]);
        if (group === null || id === null) return 'a group and the number of an instance are expected';
        return (ctx) => {
          if (host === null || selectInstance(host, ctx, group, id)) return 1;
          host.log.write(L_ERR, 'core', `cfg_select: there is no ${group}[${id}]`, 'SCRIPT_NO_INSTANCE');
          return -1;
        };
      },
      { support: 'partly: the instance is a constant' },
    ),
    coreFunction('cfg_reset', 1, (args) => {
      const group = argText(args[0]);
      if (group === null) return 'a group is expected';
      return (ctx) => {
        resetInstance(ctx, group);
        return 1;
      };
    }),
  ];
}
