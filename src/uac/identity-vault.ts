import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import type { SipMessage } from '../message/message.ts';
import type { IdentityChange, IdentityHeader } from './header-shape.ts';

/** Both identities of one header of a dialog: what the caller sent, and what was shown instead. */
export interface StoredIdentity {
  /** Display name with its quotes, empty for none; URI, empty when it is kept elsewhere. */
  readonly original: { readonly display: string; readonly uri: string };
  /** null: not replaced. */
  readonly shown: IdentityChange;
}

const IV = 12;
/** 96 bits (NIST SP 800-38D §5.2.1.2 allows it): the parameter travels in every request of the dialog. */
const TAG = 12;
/** Stands for a part that was not replaced; no header text holds it. */
const NOT_REPLACED = '\x00';

/**
 * Data that binds sealed identities to their dialog: header, Call-ID, and the caller's tag, which the callee repeats in To.
 * @param upstream the message goes from the called side to the calling one
 */
export function identityContext(message: SipMessage, header: IdentityHeader, upstream: boolean): string {
  const tag = (upstream ? message.to?.tag : message.from?.tag) ?? '';
  return `${header}\n${message.callId}\n${tag}`;
}

/**
 * Identities for a Record-Route parameter of our own, encrypted and authenticated (AES-256-GCM). Kamailio's parameter carries no display names,
 * so that a hidden caller's real name shows from the ACK on, gives a part of itself away, and fits whatever URI an endpoint puts in its place.
 */
export class IdentityVault {
  private readonly key: Buffer;

  /** @param password restore_passwd, the same on every node; empty: a random key, so that only this process reads what it wrote */
  constructor(password: string) {
    this.key =
      password === '' ? processKey() : scryptSync(Buffer.from(password, 'latin1'), 'trunkline uac identities', 32);
  }

  /**
   * @param context binds the text to its dialog and header: another one cannot use it
   * @returns a parameter value (RFC 4648 §5 base64url)
   */
  seal(context: string, { original, shown }: StoredIdentity): string {
    const iv = randomBytes(IV);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv, { authTagLength: TAG });
    cipher.setAAD(Buffer.from(context, 'latin1'));
    const parts = [original.display, shown.display ?? NOT_REPLACED, original.uri, shown.uri ?? NOT_REPLACED];
    // No header text holds a line end.
    const text = Buffer.concat([cipher.update(parts.join('\n'), 'latin1'), cipher.final()]);
    return Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url');
  }

  /** @returns null when it was sealed with another key or for another dialog, or altered */
  open(context: string, value: string): StoredIdentity | null {
    const bytes = Buffer.from(value, 'base64url');
    if (bytes.length < IV + TAG + 1) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(context, 'latin1'));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(IV, bytes.length - TAG)), decipher.final()]);
      const [display = '', shownDisplay = '', uri = '', shownUri = ''] = text.toString('latin1').split('\n');
      return { original: { display, uri }, shown: { display: replaced(shownDisplay), uri: replaced(shownUri) } };
    } catch {
      // Not ours: the caller says what that means.
      return null;
    }
  }
}

function replaced(part: string): string | null {
  return part === NOT_REPLACED ? null : part;
}

let random: Buffer | null = null;

/** One key for all instances of a process: a reloaded configuration goes on reading the dialogs under way. */
function processKey(): Buffer {
  random ??= randomBytes(32);
  return random;
}
