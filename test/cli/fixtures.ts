import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test, gone when the test ends. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'trunkline-test-'));

  /** Writes a file into the folder. @returns its path */
  write(name: string, text: string): string {
    const path = this.file(name);
    writeFileSync(path, text);
    return path;
  }

  /** Path of a file in the folder, whether it is there or not. */
  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A configuration that answers everything with 200. */
export function answeringCfg(port: number): string {
  return [
    '#!KAMAILIO',
    'debug=2',
    `listen=udp:127.0.0.1:${port}`,
    'loadmodule "sl.so"',
    'loadmodule "pv.so"',
    'loadmodule "xlog.so"',
    'request_route {',
    '\txlog("L_NOTICE", "asked for $rm\\n");',
    '\tsl_send_reply("200", "Here");',
    '\texit;',
    '}',
    '',
  ].join('\n');
}

/**
 * Sends an OPTIONS and waits for the reply.
 * @param timeout milliseconds
 * @returns the status line, empty when nothing came
 */
export async function ask(port: number, timeout = 2000): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const own = socket.address().port;
    const id = `${own}-${Date.now()}`;
    socket.send(
      `OPTIONS sip:127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bK${id};rport\r\n` +
        `Max-Forwards: 70\r\nFrom: <sip:probe@127.0.0.1>;tag=${id}\r\nTo: <sip:127.0.0.1:${port}>\r\nCall-ID: ${id}\r\n` +
        'CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
      port,
      '127.0.0.1',
    );
    const signal = AbortSignal.timeout(timeout);
    const [data] = (await once(socket, 'message', { signal })) as [Buffer];
    return data.toString('latin1').split('\r\n')[0] ?? '';
  } catch {
    return '';
  } finally {
    socket.close();
  }
}

/** True when a process of this id runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something holds. @throws Error after `timeout` milliseconds */
export async function until(what: string, holds: () => boolean, timeout = 10_000): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
