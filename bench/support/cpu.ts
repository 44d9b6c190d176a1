import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second of /proc/PID/stat; 100 on every Linux. */
const TICKS = 100;

/** A process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (stat === null) continue;
    const parent = Number(stat[1]);
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [Number(entry)]);
    else list.push(Number(entry));
  }
  const all = [root];
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i] as number) ?? []));
  return all;
}

/** Fields after the command name: state, ppid, … */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** User and system CPU time of a process tree, in microseconds. */
export function cpuOf(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) {
    const stat = statOf(pid);
    if (stat !== null) ticks += Number(stat[11]) + Number(stat[12]);
  }
  return (ticks * 1e6) / TICKS;
}

/** Resident memory of a process tree, in MiB. */
export function memoryOf(root: number): number {
  let pages = 0;
  for (const pid of processTree(root)) pages += Number(statOf(pid)?.[21] ?? 0);
  return (pages * 4096) / 1048576;
}

/** Memory of a process tree in MiB, what several of its processes share counted once (proportional set size). */
export function ownMemoryOf(root: number): number {
  let kilobytes = 0;
  for (const pid of processTree(root)) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0);
    } catch {
      // It has ended.
    }
  }
  return kilobytes / 1024;
}
