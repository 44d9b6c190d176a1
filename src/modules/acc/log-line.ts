import type { ScriptContext } from '../../script/context.ts';
import type { Value } from '../../script/values.ts';
import { localTime, strftime, utcTime } from '../../script/variables/strftime.ts';
import type { AccRecord } from './record.ts';
import type { AccSettings } from './settings.ts';

/** What a record is written about; the words are those of the original, which log readers look for. */
export type AccOccasion = 'answered' | 'missed' | 'accounted' | 'acknowledged';

const WORDS: Readonly<Record<AccOccasion, string>> = {
  answered: 'ACC: transaction answered: ',
  missed: 'ACC: call missed: ',
  accounted: 'ACC: request accounted: ',
  acknowledged: 'ACC: request acknowledged: ',
};

/** More of the time than seconds (time_mode): names of attributes or columns and their values. */
export function timeFields(settings: AccSettings, at: number): readonly (readonly [name: string, value: Value])[] {
  const { timeMode, timeAttribute, timeExtension, timeFormat } = settings;
  if (timeMode === 1) return timeExtension === '' ? [] : [[timeExtension, (at % 1000) * 1000]];
  if (timeAttribute === '') return [];
  switch (timeMode) {
    case 2:
      return [[timeAttribute, (at / 1000).toFixed(3)]];
    case 3:
      return [[timeAttribute, strftime(timeFormat, localTime(at))]];
    case 4:
      return [[timeAttribute, strftime(timeFormat, utcTime(at))]];
    default:
      return [];
  }
}

/** The log line of a record. Values stand in it as they are; the log makes control characters visible. */
export function logLine(settings: AccSettings, occasion: AccOccasion, record: AccRecord, ctx: ScriptContext): string {
  const { at, method, fromTag, toTag, callId, code, reason } = record;
  let text = `${WORDS[occasion]}timestamp=${Math.floor(at / 1000)}`;
  const add = (name: string, value: Value): void => {
    text += `;${name}=${value ?? ''}`;
  };
  for (const [name, value] of timeFields(settings, at)) add(name, value);
  add('method', method);
  add('from_tag', fromTag);
  add('to_tag', toTag);
  add('call_id', callId);
  add('code', code);
  add('reason', reason);
  for (const { name, variable } of settings.logExtra) add(name, variable.get(ctx));
  const { legs } = settings;
  if (legs !== null)
    for (const leg of legs.read(ctx)) for (const [index, name] of legs.names.entries()) add(name, leg[index] ?? null);
  return text;
}
