import type { RequestState } from './request-state.ts';
import type { Target } from './target.ts';

const GROUPS = Symbol('contact groups');

/**
 * Parks the destination set for serial forking (t_load_contacts): targets of equal q together, highest q first.
 * @returns 1 parked; -1 when there is only one target or all share one q and `always` is false
 */
export function loadContacts(state: RequestState, always: boolean): number {
  const all = [state.target, ...state.branches];
  const groups = new Map<number, Target[]>();
  for (const target of all) {
    const group = groups.get(target.q);
    if (group === undefined) groups.set(target.q, [target]);
    else group.push(target);
  }
  if (groups.size < 2 && !always) return -1;
  const sorted = [...groups.entries()].sort((a, b) => b[0] - a[0]).map((entry) => entry[1]);
  state.extensions ??= new Map();
  state.extensions.set(GROUPS, sorted);
  state.branches = [];
  return 1;
}

/**
 * Makes the next group the destination set (t_next_contacts).
 * @returns 1 taken; -2 none is left; -1 nothing was parked
 */
export function nextContacts(state: RequestState): number {
  const groups = state.extensions?.get(GROUPS) as Target[][] | undefined;
  if (groups === undefined) return -1;
  const group = groups.shift();
  if (group === undefined) return -2;
  const [first, ...rest] = group;
  if (first === undefined) return -2;
  // In place: the route that runs holds this target as its $ru and $du.
  state.target.become(first);
  state.branches = rest.map((target) => target.clone());
  return 1;
}
