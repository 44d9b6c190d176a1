import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { CallbackTimer } from '../../src/time/callback-timer.ts';
import { realClock } from '../../src/time/clock.ts';
import { HashedTimerWheel } from '../../src/time/hashed-timer-wheel.ts';

test('after a pause of the process what has arrived is read before timers fire', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const wheel = new HashedTimerWheel({ clock: realClock });
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('message', (data) => order.push(data.toString()));
  socket.send('answer', socket.address().port, '127.0.0.1');
  wheel.start(
    new CallbackTimer(() => {
      order.push('repetition');
      resolve();
    }),
    50,
  );
  const until = performance.now() + 300;
  while (performance.now() < until) {
    // The process stands still.
  }
  await promise;
  socket.close();
  assert.deepEqual(order, ['answer', 'repetition']);
});
