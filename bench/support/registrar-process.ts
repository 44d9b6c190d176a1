import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Counts } from './registrar.ts';

/** The cheap registrar of registrar.ts in a process of its own. */
export class RegistrarProcess {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Starts it and waits until its port is open. @param accounts highest number of an account, and one more */
  static async start(port: number, accounts: number): Promise<RegistrarProcess> {
    const child = fork(join(import.meta.dirname, 'registrar.ts'), [JSON.stringify({ port, accounts })]);
    const registrar = new RegistrarProcess(child);
    await registrar.answer();
    return registrar;
  }

  private answer(): Promise<Counts> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the registrar has ended'));
      this.child.once('exit', ended);
      this.child.once('message', (counts) => {
        this.child.removeListener('exit', ended);
        resolve(counts as Counts);
      });
    });
  }

  /** What was counted. */
  counts(): Promise<Counts> {
    const answer = this.answer();
    this.child.send('counts');
    return answer;
  }

  /** Counts from 0 again. */
  async clear(): Promise<void> {
    const answer = this.answer();
    this.child.send('clear');
    await answer;
  }

  stop(): void {
    this.child.removeAllListeners('exit');
    this.child.disconnect();
  }
}
