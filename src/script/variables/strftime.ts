/** strftime of the C library, with the conversions that scripts use; names are those of the C locale. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A moment taken apart in local time or UTC, as struct tm has it. */
export interface BrokenTime {
  readonly year: number;
  /** 0 … 11 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 = Sunday */
  readonly weekday: number;
  /** 0 … 365 */
  readonly yearday: number;
  readonly dst: boolean;
  /** Minutes east of Greenwich. */
  readonly offset: number;
  readonly epoch: number;
  readonly utc: boolean;
}

/** @param epoch milliseconds since 1970 */
export function localTime(epoch: number): BrokenTime {
  const date = new Date(epoch);
  const year = date.getFullYear();
  const offset = -date.getTimezoneOffset();
  const winter = -Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());
  return {
    year,
    month: date.getMonth(),
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
    weekday: date.getDay(),
    yearday: yearday(year, date.getMonth(), date.getDate()),
    dst: offset !== winter,
    offset,
    epoch,
    utc: false,
  };
}

/** @param epoch milliseconds since 1970 */
export function utcTime(epoch: number): BrokenTime {
  const date = new Date(epoch);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
    yearday: yearday(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()),
    dst: false,
    offset: 0,
    epoch,
    utc: true,
  };
}

function yearday(year: number, month: number, day: number): number {
  return Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000);
}

function pad(value: number, width = 2, fill = '0'): string {
  return String(value).padStart(width, fill);
}

/** `Fri Nov 20 22:59:57 2026`, as ctime() prints it. */
export function ctime(time: BrokenTime): string {
  return strftime('%a %b %e %H:%M:%S %Y', time);
}

/** Formats a moment; an unknown conversion is copied as it stands. */
export function strftime(format: string, time: BrokenTime): string {
  return format.replace(
    /%([EO]?)([a-zA-Z%+])/g,
    (all, _modifier: string, letter: string) => convert(letter, time) ?? all,
  );
}

function convert(letter: string, time: BrokenTime): string | null {
  const { year, month, day, hour, minute, second, weekday, yearday: ofYear } = time;
  switch (letter) {
    case 'a':
      return (DAYS[weekday] as string).slice(0, 3);
    case 'A':
      return DAYS[weekday] as string;
    case 'b':
    case 'h':
      return (MONTHS[month] as string).slice(0, 3);
    case 'B':
      return MONTHS[month] as string;
    case 'c':
      return ctime(time);
    case 'C':
      return pad(Math.floor(year / 100));
    case 'd':
      return pad(day);
    case 'D':
    case 'x':
      return `${pad(month + 1)}/${pad(day)}/${pad(year % 100)}`;
    case 'e':
      return pad(day, 2, ' ');
    case 'F':
      return `${year}-${pad(month + 1)}-${pad(day)}`;
    case 'H':
      return pad(hour);
    case 'I':
      return pad(hour % 12 || 12);
    case 'j':
      return pad(ofYear + 1, 3);
    case 'k':
      return pad(hour, 2, ' ');
    case 'l':
      return pad(hour % 12 || 12, 2, ' ');
    case 'm':
      return pad(month + 1);
    case 'M':
      return pad(minute);
    case 'n':
      return '\n';
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'P':
      return hour < 12 ? 'am' : 'pm';
    case 'r':
      return strftime('%I:%M:%S %p', time);
    case 'R':
      return `${pad(hour)}:${pad(minute)}`;
    case 's':
      return String(Math.floor(time.epoch / 1000));
    case 'S':
      return pad(second);
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return `${pad(hour)}:${pad(minute)}:${pad(second)}`;
    case 'u':
      return String(weekday || 7);
    case 'U':
      return pad(Math.floor((ofYear + 7 - weekday) / 7));
    case 'w':
      return String(weekday);
    case 'W':
      return pad(Math.floor((ofYear + 7 - ((weekday + 6) % 7)) / 7));
    case 'y':
      return pad(year % 100);
    case 'Y':
      return String(year);
    case 'z': {
      const minutes = Math.abs(time.offset);
      return `${time.offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`;
    }
    case 'Z':
      return time.utc ? 'GMT' : zoneName(time.epoch);
    case 'G':
      return String(isoWeek(time).year);
    case 'g':
      return pad(isoWeek(time).year % 100);
    case 'V':
      return pad(isoWeek(time).week);
    case '%':
      return '%';
    default:
      return null;
  }
}

function zoneName(epoch: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(new Date(epoch));
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
}

/** Week and year of ISO 8601: the week belongs to the year its Thursday lies in. */
function isoWeek(time: BrokenTime): { year: number; week: number } {
  const thursday = Date.UTC(time.year, time.month, time.day) + (3 - ((time.weekday + 6) % 7)) * 86_400_000;
  const year = new Date(thursday).getUTCFullYear();
  return { year, week: Math.floor((thursday - Date.UTC(year, 0, 1)) / 86_400_000 / 7) + 1 };
}
