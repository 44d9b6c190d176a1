import { packageVersion } from '../server/version.ts';

/** What `--version` prints. */
export function versionLine(): string {
  return `trunkline ${packageVersion()} (Node.js ${process.version}, ${process.arch}/${process.platform})\n`;
}
