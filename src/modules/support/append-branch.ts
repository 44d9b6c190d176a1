import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { failure } from './failure.ts';

/** q in thousandths as Target keeps it; -1 for '', null for a text that is no qvalue (RFC 3261 §25.1). */
export function qThousandths(text: string): number | null {
  if (text === '') return -1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Math.round(Number(text) * 1000) : null;
}

/**
 * append_branch(): adds a branch to the destination set. It takes next hop, path, socket and branch flags of the main target.
 * @param uri Request-URI of the branch; '' takes the main one, whose attributes are then cleared: they went to the branch
 * @param q qvalue text, '' for none
 * @returns 1, -1 for a bad q or when max_branches is reached
 */
export function appendBranch(host: ModuleHost, module: string, ctx: ScriptContext, uri: string, q: string): number {
  const thousandths = qThousandths(q);
  if (thousandths === null) return failure(host.log, module, `append_branch: "${q}" is no q value`, 'APPEND_BRANCH_Q');
  const { state, target } = ctx;
  if (/[\s<>"]/.test(uri)) {
    return failure(host.log, module, `append_branch: "${uri}" cannot be a Request-URI`, 'APPEND_BRANCH_URI');
  }
  // The main target counts as a branch.
  if (state.branches.length + 1 >= host.settings.maxBranches) {
    return failure(host.log, module, 'append_branch: max_branches is reached', 'APPEND_BRANCH_FULL');
  }
  const branch = target.clone();
  branch.q = thousandths;
  if (uri !== '') {
    branch.uri = uri;
    branch.ruid = '';
    branch.locationUa = '';
    branch.instance = '';
  } else {
    target.dstUri = '';
    target.path = '';
    target.socket = null;
    target.flags = 0;
  }
  state.branches.push(branch);
  return 1;
}
