import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { tm } from '../../../src/modules/tm.ts';
import type { Cell } from '../../../src/proxy/cell.ts';
import { openUnixDatagram } from '../../../src/rpc/unix-datagram.ts';
import { request } from '../../proxy/support.ts';
import { peer } from '../../support/peers.ts';
import { ModuleBench } from '../proxy-bench.ts';

describe('t_write_req', () => {
  const LINES = (transaction: { index: number; label: number } | null): string =>
    `0.3\nsip_request.voicemail\nINVITE\nother\nexample.net\n10.0.0.1\n5070\nsip:bob@192.0.2.1\n`
      .concat(`sip:alice@10.0.0.9\n"Alice" <sip:alice@a.test>\n<sip:bob@b.test>;tag=t9\ncall-1\nf1\nt9\n77\n`)
      .concat(`${transaction?.index}:${transaction?.label}\n`);

  /** What a program at the other end of a FIFO reads of a request. */
  async function written(headers: string): Promise<[text: string, transaction: Cell]> {
    const folder = await mkdtemp(join(tmpdir(), 'tm-'));
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      let cell: Cell | null = null;
      let done: unknown = null;
      const bench = new ModuleBench(tm, {
        request: ({ ctx, call: run, start }) => {
          run('t_newtran');
          cell = ctx.state.transaction as Cell;
          ctx.target.uri = 'sip:other@example.net:5999';
          ctx.state.forceRport = headers !== '';
          done = start('t_write_req', fifo, 'voicemail');
        },
      });
      bench.wire.receive(request('INVITE', { cseq: 77, toTag: 't9', headers }));
      assert.equal(await done, 1);
      assert.ok(cell);
      return [(await reader.readFile()).toString('latin1'), cell];
    } finally {
      await reader.close();
      await rm(folder, { recursive: true });
    }
  }

  test('the lines, without and with a route set', async () => {
    const [plain, first] = await written('');
    assert.equal(plain, `${LINES(first)}.\n.\nP-MsgFlags: 08\n.\n\n`);
    const [routed_, second] = await written('Record-Route: <sip:5.5.5.5;lr>, <sip:6.6.6.6;lr>\r\n');
    const set = '<sip:5.5.5.5;lr>,<sip:5.5.5.5;lr>,<sip:6.6.6.6;lr>';
    assert.equal(routed_, `${LINES(second)}${set}\nsip:5.5.5.5;lr\nP-MsgFlags: 18\n.\n\n`);
    const [strict, third] = await written('Record-Route: <sip:5.5.5.5>, <sip:6.6.6.6>\r\n');
    const lines = LINES(third).replace('sip:alice@10.0.0.9\n', 'sip:5.5.5.5\n');
    assert.equal(strict, `${lines}<sip:6.6.6.6>,<sip:alice@10.0.0.9>\n.\nP-MsgFlags: 18\n.\n\n`);
  });

  test('nobody who reads, and no transaction: -1', async () => {
    let done: unknown = null;
    const bench = new ModuleBench(tm, {
      request: ({ call: run, start }) => {
        assert.equal(start('t_write_req', '/nowhere/fifo', 'x'), -1);
        run('t_newtran');
        done = start('t_write_req', '/nowhere/fifo', 'x');
      },
    });
    bench.wire.receive(request('INVITE'));
    assert.equal(await done, -1);
    assert.deepEqual(bench.host.log.codes, ['TM_BAD_ARGUMENT', 'TM_FIFO']);
  });
});

const perl = peer('perl');

describe('t_write_unix', () => {
  test('the same lines as a datagram; a path that is none says so', { skip: perl.skip }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tm-'));
    const path = join(folder, 'reader.sock');
    let heard = (_text: string): void => {};
    const arrived = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const reader = await openUnixDatagram(path, 0o600, (bytes) => heard(bytes.toString('latin1')));
    try {
      const done: unknown[] = [];
      const bench = new ModuleBench(tm, {
        request: ({ call: run, start }) => {
          run('t_newtran');
          done.push(start('t_write_unix', path, 'voicemail'), start('t_write_unix', 'reader.sock', 'voicemail'));
        },
      });
      Object.assign(bench.host, { runtime: { directory: folder, owner: null } });
      bench.wire.receive(request('INVITE', { cseq: 77 }));
      assert.deepEqual(await Promise.all(done), [1, -1]);
      assert.match(await arrived, /^0\.3\nsip_request\.voicemail\nINVITE\n/);
      assert.deepEqual(bench.host.log.codes, ['TM_FIFO']);
      bench.stop();
    } finally {
      await reader.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
