const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(number: number, fill = '0'): string {
  return `${number}`.padStart(2, fill);
}

/** A moment as C's ctime() writes it, in local time: `Sat Nov 21 02:00:49 2026`. @param ms milliseconds since 1970 */
export function ctime(ms: number): string {
  const at = new Date(ms);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${two(at.getDate(), ' ')} ${clock} ${at.getFullYear()}`;
}

/** Seconds as `0d 0h 17m 35s`. */
export function days(seconds: number): string {
  const part = (unit: number, of: number): number => Math.floor(seconds / unit) % of;
  return `${part(86_400, Number.MAX_SAFE_INTEGER)}d ${part(3600, 24)}h ${part(60, 60)}m ${seconds % 60}s`;
}
