/** Every error code of the program, layer by layer, from the records beside the code. */
import { API_ERRORS } from '../../src/api/errors.ts';
import { AUTH_ERRORS } from '../../src/auth/errors.ts';
import { type CliCode, cliCodes } from '../../src/cli/errors.ts';
import { DIGEST_ERRORS } from '../../src/digest/errors.ts';
import { PARSE_ERRORS } from '../../src/message/parse-errors.ts';
import { MODULE_ERRORS } from '../../src/modules/errors.ts';
import { PROXY_ERRORS } from '../../src/proxy/errors.ts';
import { BINRPC_ERRORS } from '../../src/rpc/binrpc/errors.ts';
import { RPC_ERRORS } from '../../src/rpc/errors.ts';
import { JSON_RPC_ERRORS } from '../../src/rpc/json/errors.ts';
import { checkerCodes } from '../../src/script/checker-codes.ts';
import { frontEndCodes } from '../../src/script/diagnostic.ts';
import { CHECKER_ACTIONS, FRONT_END_ACTIONS, RUNTIME_ACTIONS, VARIABLE_ERRORS } from '../../src/script/errors.ts';
import { runtimeCodes } from '../../src/script/runtime-codes.ts';
import { SERVER_ERRORS } from '../../src/server/errors.ts';
import { STORAGE_ERRORS } from '../../src/storage/errors.ts';
import { TRANSACTION_ERRORS } from '../../src/transaction/errors.ts';
import { type ErrorExplanation, TRANSPORT_ERRORS } from '../../src/transport/errors.ts';
import { UAC_ERRORS } from '../../src/uac/errors.ts';

/** Codes of one layer. An explanation alone says what to do as well. */
export interface ErrorGroup {
  readonly title: string;
  /** Where an operator meets them. */
  readonly intro: string;
  readonly codes: Readonly<Record<string, ErrorExplanation | string>>;
}

const CLI_ACTIONS: Readonly<Record<CliCode, string>> = {
  CLI_USAGE: 'See "trunkline --help" or [cli.md](cli.md).',
  CLI_OPTION_UNSUPPORTED: 'Leave it out; the message says what takes its place.',
  CLI_NODE: 'Run "npm ci" in the checkout, which brings one along; or install a newer Node.js.',
  CLI_INSTALLATION: 'Run "npm ci" in the checkout, or install the package again.',
  CLI_FILE: 'Check the path and the permissions.',
  CLI_DIRECTORY: 'Create it, or correct the option.',
  CLI_PID_FILE: 'Stop the process that the file names, or give the file another place.',
  CLI_PRIVILEGES: 'Create the user or group, and start the program as root; or leave the options out.',
  CLI_DAEMON: 'Start it in the foreground (-DD -E) to see why.',
  CLI_DEMO_PORT: 'Choose others with --port and --carrier-port, or end what has them.',
  CLI_DEMO_CALL: 'Look at the messages printed before; --debug 3 shows the server’s log.',
  CLI_RPC_FAULT: 'The message has its reason; "trunkline rpc" lists the commands and their parameters.',
  CLI_INTERNAL: 'This is a bug: please report the text above it.',
};

function withActions<C extends string>(
  texts: Readonly<Record<C, string>>,
  actions: Readonly<Record<C, string>>,
): Readonly<Record<string, ErrorExplanation>> {
  return Object.fromEntries(
    (Object.keys(texts) as C[]).map((code) => [code, { explanation: texts[code], action: actions[code] }]),
  );
}

export const errorGroups: readonly ErrorGroup[] = [
  {
    title: 'Command line',
    intro: 'A command ends with one of these; cli.md has the exit codes.',
    codes: withActions(cliCodes, CLI_ACTIONS),
  },
  {
    title: 'Start and server',
    intro: 'Why the server did not start, or what befell a single message.',
    codes: SERVER_ERRORS,
  },
  {
    title: 'Configuration: reading',
    intro:
      'The preprocessor, the lexer and the parser say these in `check` and at the start, with file, line and column.',
    codes: withActions(frontEndCodes, FRONT_END_ACTIONS),
  },
  {
    title: 'Configuration: meaning',
    intro: 'The checker says these in the same run: names, arguments, types, places.',
    codes: withActions(checkerCodes, CHECKER_ACTIONS),
  },
  {
    title: 'Script at run time',
    intro: 'In the log, while a route handles a message. The route goes on with the failure as a return code.',
    codes: { ...withActions(runtimeCodes, RUNTIME_ACTIONS), ...VARIABLE_ERRORS },
  },
  {
    title: 'TypeScript routes',
    intro:
      'Codes that begin with CFG_ come in `check` and at the start; the others are in the log, with file, line and column of the handler.',
    codes: API_ERRORS,
  },
  {
    title: 'Modules',
    intro:
      'In the log, when a module’s function fails (it returns -1 unless said otherwise), or in `check`, when a module refuses a parameter.',
    codes: MODULE_ERRORS,
  },
  {
    title: 'uac',
    intro: 'Identities and answers to challenges.',
    codes: UAC_ERRORS,
  },
  {
    title: 'Digest authentication',
    intro: 'Why a challenge could not be answered, or credentials were not accepted.',
    codes: DIGEST_ERRORS,
  },
  {
    title: 'Authentication of users',
    intro: 'Modules auth and auth_db: in `check` and at the start, or in the log when a function fails.',
    codes: AUTH_ERRORS,
  },
  {
    title: 'Databases',
    intro:
      'From `trunkline db`, and in the log when accounts are read or a script uses SQL. Messages never hold a password.',
    codes: STORAGE_ERRORS,
  },
  {
    title: 'Operators’ sockets',
    intro: 'At the start, and in the log.',
    codes: { ...RPC_ERRORS, ...BINRPC_ERRORS, ...JSON_RPC_ERRORS },
  },
  { title: 'Proxy', intro: 'Forwarding, branches, requests of our own.', codes: PROXY_ERRORS },
  { title: 'Transactions', intro: 'In the log.', codes: TRANSACTION_ERRORS },
  {
    title: 'Transport, TLS and DNS',
    intro: 'At the start, when a socket cannot be opened; in the log afterwards.',
    codes: TRANSPORT_ERRORS,
  },
  {
    title: 'SIP messages that cannot be read',
    intro:
      'In the log at level information, with the sender’s address and the byte at fault. A request is answered with 400 or what RFC 3261 wants wherever that is possible.',
    codes: PARSE_ERRORS,
  },
];

/** Codes of every group. */
export function allErrorCodes(): string[] {
  return errorGroups.flatMap(({ codes }) => Object.keys(codes));
}
