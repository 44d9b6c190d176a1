import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadOptions } from '../../src/server/server-api.ts';
import { openPeer, optionsFor, start, testFolder } from '../server/support.ts';
import { freePort } from '../support/ports.ts';
import { requestText } from '../support/sip-dialog.ts';
import type { SipText } from '../support/sip-text.ts';

/** Options for files of which the first is what the server runs. */
export function optionsForFiles(files: Readonly<Record<string, string>>, folder = testFolder()): LoadOptions {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return optionsFor('', { file: Object.keys(files)[0] ?? '' }, folder);
}

/** A server that runs a file, and a phone that asks it. PORT in the texts is the server's. */
export async function startFiles(files: Readonly<Record<string, string>>) {
  const port = await freePort();
  const folder = testFolder();
  const write = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text.replaceAll('PORT', `${port}`));
  for (const [name, text] of Object.entries(files)) write(name, text);
  const started = await start('', { file: Object.keys(files)[0] ?? '', debug: 3 }, folder);
  const phone = await openPeer({ name: 'phone' });
  /** Sends a request. @returns the final reply */
  const ask = async (method = 'OPTIONS', headers: readonly string[] = []): Promise<SipText> => {
    const text = requestText(phone, { method, uri: 'sip:bob@example.com', headers });
    await phone.send(text, { host: '127.0.0.1', port });
    return phone.expect((message) => !message.isRequest && !message.startLine.startsWith('SIP/2.0 1'));
  };
  return { ...started, port, folder, write, phone, ask };
}
