import type { ErrorExplanation } from '../transport/errors.ts';

/** Every error code of the server itself, with its explanation. Listed in docs/errors.md. */
export const SERVER_ERRORS = {
  SERVER_MESSAGE_FAILED: {
    explanation: 'Handling one message threw; that message is lost, all others go on.',
    action: 'This is a bug: please report the line, and the message if it can be had.',
  },
  SERVER_FOREIGN_REPLY: {
    explanation: 'A reply whose topmost Via is not ours was discarded (RFC 3261 §18.1.2).',
    action:
      'Nothing, if it is a stray. If calls fail with it: an address that peers send replies to is missing from listen, advertise and alias.',
  },
  CFG_FILE: {
    explanation: 'The configuration file cannot be read.',
    action: 'Check its path and its permissions for the user that the server runs as.',
  },
  CFG_INVALID: {
    explanation: 'The configuration has errors; the server does not start.',
    action: 'Correct what stands below the message; "trunkline check FILE" shows the same without starting.',
  },
  CLI_LISTEN: {
    explanation: 'An address given with -l or --listen cannot be read.',
    action: 'Write it as [proto:]host[:port][/advertised[:port]], proto being udp, tcp, tls, ws or wss.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of an error of this layer. */
export type ServerErrorCode = keyof typeof SERVER_ERRORS;
