import { UAC_ERRORS, type UacErrorCode } from '../errors.ts';

/** Thrown for settings that cannot work; nothing that a peer or a table holds makes the engine throw. */
export class RegistrationError extends Error {
  readonly code: UacErrorCode;

  constructor(code: UacErrorCode, text: string) {
    super(`${code}: ${text}. ${UAC_ERRORS[code]}`);
    this.name = 'RegistrationError';
    this.code = code;
  }
}
