/** Both servers with one configuration, asked by Kamailio's own kamcmd. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '../support/peers.ts';
import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';

/** One of the two: CTL_DIR in the configuration is its folder, where the control socket `ctl` is. */
export interface RpcSide {
  readonly kind: ServerKind;
  readonly server: TestServer;
  readonly directory: string;
}

/** Output of kamcmd, without its exit code, which is always 0. */
export function askKamcmd(where: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(peer('kamcmd').path, ['-s', where, ...words], { timeout: 10_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

export class RpcPair {
  /** Kamailio first. */
  readonly sides: readonly RpcSide[];

  private constructor(sides: readonly RpcSide[]) {
    this.sides = sides;
  }

  /** @param prepare what is put into a side's folder before it starts */
  static async start(cfg: string, prepare: (directory: string) => void): Promise<RpcPair> {
    const sides: RpcSide[] = [];
    for (const kind of ['kamailio', 'trunkline'] as const) {
      const directory = mkdtempSync(join(tmpdir(), 'trunkline-rpc-'));
      prepare(directory);
      const server = await startServer({ kind, cfg: cfg.replaceAll('CTL_DIR', directory) });
      sides.push({ kind, server, directory });
    }
    return new RpcPair(sides);
  }

  /** Waits until both answer: a process of its own has the original's control socket. @throws Error */
  async answers(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const texts = await this.both('core.uptime');
      if (texts.every((text) => text.includes('up_since'))) return;
      await sleep(50);
    }
    throw new Error('no answer to core.uptime');
  }

  async stop(): Promise<void> {
    for (const { server, directory } of this.sides) {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Asks both the same; DIR is the folder of each. @param normal makes equal what must differ */
  both(words: string, normal: (text: string) => string = (text) => text): Promise<readonly string[]> {
    return Promise.all(
      this.sides.map(async ({ directory, server }) => {
        const args = words
          .replace('DIR', directory)
          .split(' ')
          .filter((word) => word !== '');
        const text = await askKamcmd(`unix:${join(directory, 'ctl')}`, args);
        return normal(text.replaceAll(directory, 'DIR').replaceAll(`${server.port}`, 'PORT'));
      }),
    );
  }

  async same(words: string, normal?: (text: string) => string): Promise<void> {
    const [theirs, ours] = await this.both(words, normal);
    assert.equal(ours, theirs, words);
  }
}
