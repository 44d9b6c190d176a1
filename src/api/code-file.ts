/** True for the name of a file that is TypeScript or JavaScript rather than a kamailio.cfg. */
export function isCodeFile(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name);
}
