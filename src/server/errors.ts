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
  SERVER_STOPPING: {
    explanation: 'A reload was asked for while the server was stopping.',
    action: 'Start it again; it reads the configuration then.',
  },
  SERVER_NEEDS_RESTART: {
    explanation:
      'A reloaded configuration changes something that only a start can change; everything else of it is in force.',
    action: 'Restart when it suits, or take the change back.',
  },
  CFG_FILE: {
    explanation: 'The configuration file cannot be read.',
    action: 'Check its path and its permissions for the user that the server runs as.',
  },
  CFG_LIMIT: {
    explanation: 'A limit (trunkline.max_…) has a name that is none or a value that cannot be.',
    action: 'Correct the line; the message lists the names and the smallest value.',
  },
  CFG_INVALID: {
    explanation: 'The configuration has errors; the server does not start.',
    action: 'Correct what stands below the message; "trunkline check FILE" shows the same without starting.',
  },
  CFG_TLS_FILE: {
    explanation: 'A file that the TLS settings name cannot be read.',
    action:
      'Correct the path (relative ones start at the folder of the configuration, those with ./ at the working directory), or let the user of the server read it.',
  },
  CFG_TLS_CERTIFICATE: {
    explanation:
      'A certificate, private key or list of authorities is none, or the key does not belong to the certificate.',
    action:
      'Check it with "openssl x509 -in FILE -noout -text"; the file is PEM, with the certificates of the chain in order.',
  },
  CFG_TLS_METHOD: {
    explanation: 'The TLS version is unknown, or so old that it is not offered any more (RFC 8996).',
    action: 'Write TLSv1.2+ or TLSv1.3.',
  },
  CFG_TLS_PROFILE: {
    explanation: 'A profile of tls.cfg sets something that cannot be set there, or is not used.',
    action: 'Move the setting as the message and the hint say.',
  },
  CFG_TLS_UNVERIFIED: {
    explanation:
      'Certificates of TLS servers that we connect to are not checked, because nothing says that they should be.',
    action: 'Set verify_certificate to yes and ca_list to the authorities that you trust, or to no if it is meant so.',
  },
  CLI_LISTEN: {
    explanation: 'An address given with -l or --listen cannot be read.',
    action: 'Write it as [proto:]host[:port][/advertised[:port]], proto being udp, tcp, tls, ws or wss.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of an error of this layer. */
export type ServerErrorCode = keyof typeof SERVER_ERRORS;
