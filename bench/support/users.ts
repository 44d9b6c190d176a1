/** Users of the rows about authentication, as the load generator and the tables have them. */
export const BENCH_PASSWORD = 'secret';

/** Name of a user. @param index from 0 */
export function benchUser(index: number): string {
  return `user${index}`;
}
