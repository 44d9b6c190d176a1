import type { ScriptContext } from '../context.ts';
import type { ModuleHost } from '../module-definition.ts';
import { access, type CoreVariable, type Getter, hosted, hostedKeyed, innerText, noIndex } from './define.ts';
import { type BrokenTime, ctime, localTime, strftime, utcTime } from './strftime.ts';

const NOW = Symbol('time of this run');

/** Wall-clock milliseconds, the same for a whole run of the script: $Ts, $Tf and $TV(s) of one message agree. */
function runTime(host: ModuleHost, ctx: ScriptContext): number {
  let now = ctx.cached<number>(NOW);
  if (now === undefined) {
    now = host.clock.wall();
    ctx.setCached(NOW, now);
  }
  return now;
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

function microseconds(milliseconds: number): number {
  return Math.floor((milliseconds % 1000) * 1000);
}

/** Keys of $time and $utime. */
function fields(read: () => BrokenTime): Record<string, Getter> {
  return {
    sec: () => read().second,
    min: () => read().minute,
    hour: () => read().hour,
    mday: () => read().day,
    mon: () => read().month + 1,
    year: () => read().year,
    wday: () => read().weekday + 1,
    yday: () => read().yearday + 1,
    isdst: () => (read().dst ? 1 : 0),
  };
}

/** `$timef(%Y-%m-%d)`: strftime of the current time. */
function formatted(name: string, broken: (epoch: number) => BrokenTime): CoreVariable {
  return {
    name,
    writable: false,
    inner: 'required',
    bind: (host) => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      if (inner === null || inner.constant === '') return `$${name}() needs a strftime format`;
      return access(text, (ctx) => strftime(innerText(inner, ctx), broken(host.clock.wall())));
    },
    support: 'yes',
  };
}

/** The time: of the message ($Ts, $Tf, $TV) or of this moment. */
export const timeVariables: readonly CoreVariable[] = [
  hosted('Ts', false, (host) => (ctx) => seconds(runTime(host, ctx))),
  hosted('TS', false, (host) => () => seconds(host.clock.wall())),
  hosted('Tf', false, (host) => ({
    get: (ctx) => ctime(localTime(runTime(host, ctx))),
    int: (ctx) => seconds(runTime(host, ctx)),
  })),
  hosted('TF', false, (host) => ({
    get: () => ctime(localTime(host.clock.wall())),
    int: () => seconds(host.clock.wall()),
  })),
  hosted('Tb', false, (host) => {
    const start = seconds(host.clock.wall());
    return () => start;
  }),
  hostedKeyed('TV', false, (host) => ({
    s: (ctx) => seconds(runTime(host, ctx)),
    u: (ctx) => microseconds(runTime(host, ctx)),
    sn: () => seconds(host.clock.wall()),
    un: () => microseconds(host.clock.wall()),
    Sn: () => {
      const now = host.clock.wall();
      return `${seconds(now)}.${String(microseconds(now)).padStart(6, '0')}`;
    },
  })),
  hostedKeyed('time', false, (host) => fields(() => localTime(host.clock.wall()))),
  hostedKeyed('utime', false, (host) => fields(() => utcTime(host.clock.wall()))),
  formatted('timef', localTime),
  formatted('utimef', utcTime),
];
