import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';

/** Display names of a dialog's first request: what the endpoint sent, and what was shown instead; with quotes, empty for none. */
export interface DisplayPair {
  readonly original: string;
  readonly shown: string;
}

const IV = 12;
/** 96 bits (NIST SP 800-38D §5.2.1.2 allows it): the parameter travels in every request of the dialog. */
const TAG = 12;

/**
 * Display names for a Record-Route parameter of our own, encrypted and authenticated (AES-256-GCM): the original restores none in-dialog, so
 * that a hidden caller's real name shows from the ACK on.
 */
export class DisplayVault {
  private readonly key: Buffer;

  /** @param password restore_passwd, the same on every node; empty: a random key, so that only this process reads what it wrote */
  constructor(password: string) {
    this.key =
      password === '' ? processKey() : scryptSync(Buffer.from(password, 'latin1'), 'trunkline uac display names', 32);
  }

  /**
   * @param context binds the text to its dialog and header: another one cannot use it
   * @returns a parameter value (RFC 4648 §5 base64url)
   */
  seal(context: string, pair: DisplayPair): string {
    const iv = randomBytes(IV);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv, { authTagLength: TAG });
    cipher.setAAD(Buffer.from(context, 'latin1'));
    // No header text holds a line end.
    const text = Buffer.concat([cipher.update(`${pair.original}\n${pair.shown}`, 'latin1'), cipher.final()]);
    return Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url');
  }

  /** @returns null when it was sealed with another key or for another dialog, or altered */
  open(context: string, value: string): DisplayPair | null {
    const bytes = Buffer.from(value, 'base64url');
    if (bytes.length < IV + TAG + 1) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(context, 'latin1'));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(IV, bytes.length - TAG)), decipher.final()]);
      const [original = '', shown = ''] = text.toString('latin1').split('\n');
      return { original, shown };
    } catch {
      // Not ours: the caller says what that means.
      return null;
    }
  }
}

let random: Buffer | null = null;

/** One key for all instances of a process: a reloaded configuration goes on reading the dialogs under way. */
function processKey(): Buffer {
  random ??= randomBytes(32);
  return random;
}
