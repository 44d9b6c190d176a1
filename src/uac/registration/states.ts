import type { RegistrationStateName } from './engine.ts';

/**
 * What an account is to be: `on` registered, or at rest without a binding for one of the other reasons. `gone` is forgotten once its
 * binding is removed.
 */
export type Goal = 'on' | 'disabled' | 'unregistered' | 'idle' | 'gone';

/** An account's state: what it is doing, and what it is to become. */
export interface MachineState {
  readonly name: RegistrationStateName;
  readonly goal: Goal;
}

/** Order in which those who wait for a registrar are served: operator's commands, bindings that run out, the rest. */
export type Urgency = 'forced' | 'urgent' | 'normal';

export type MachineEvent =
  /** It is new, or its row has changed. @param delay milliseconds before the first attempt */
  | { readonly type: 'start'; readonly goal: Goal; readonly delay: number }
  /** Its time has come. */
  | { readonly type: 'due' }
  /** The registrar has a place for it. @param held a binding is held */
  | { readonly type: 'place'; readonly held: boolean }
  /** The attempt goes on elsewhere (next target, redirection) and needs a place there. */
  | { readonly type: 'moved' }
  /** The registrar took the binding. @param refreshIn milliseconds */
  | { readonly type: 'registered'; readonly refreshIn: number }
  /** The attempt failed. @param retryIn milliseconds, negative: never. @param lasting the registrar refuses. @param held as before */
  | { readonly type: 'failed'; readonly retryIn: number; readonly lasting: boolean; readonly held: boolean }
  /** The REGISTER that removes the binding was answered, or is given up. */
  | { readonly type: 'removed' }
  /** It cannot work as it is. */
  | { readonly type: 'faulty' }
  /** @param again also when it is registered or on its way: a new attempt. */
  | { readonly type: 'on'; readonly again: boolean }
  /** @param unregister remove the binding first */
  | { readonly type: 'off'; readonly goal: Exclude<Goal, 'on'>; readonly unregister: boolean };

/** What a transition asks of the one who runs the machine, in this order. */
export type Effect =
  /** End the outstanding request without waiting for its answer. */
  | { readonly kind: 'drop' }
  /** Leave the queue. */
  | { readonly kind: 'unqueue' }
  /** Wait for a place at the registrar. */
  | { readonly kind: 'queue'; readonly urgency: Urgency }
  /** Send a REGISTER for the state at hand, or go on with the one that moved. */
  | { readonly kind: 'send' }
  /** The state's deadline, milliseconds from now. */
  | { readonly kind: 'wake'; readonly ms: number }
  /** No deadline. */
  | { readonly kind: 'rest' }
  /** The outstanding request never came to an end: end it as a failure. */
  | { readonly kind: 'lost' }
  /** It is gone for good. */
  | { readonly kind: 'forget' };

export interface Step {
  readonly state: MachineState;
  readonly effects: readonly Effect[];
}

/** Every state there is, made once: a million accounts share them. */
function everyGoal(name: RegistrationStateName): Readonly<Record<Goal, MachineState>> {
  const of = (goal: Goal): MachineState => Object.freeze({ name, goal });
  return {
    on: of('on'),
    disabled: of('disabled'),
    unregistered: of('unregistered'),
    idle: of('idle'),
    gone: of('gone'),
  };
}

const STATES: Readonly<Record<RegistrationStateName, Readonly<Record<Goal, MachineState>>>> = {
  waiting: everyGoal('waiting'),
  queued: everyGoal('queued'),
  registering: everyGoal('registering'),
  registered: everyGoal('registered'),
  refreshing: everyGoal('refreshing'),
  retrying: everyGoal('retrying'),
  rejected: everyGoal('rejected'),
  unregistering: everyGoal('unregistering'),
  disabled: everyGoal('disabled'),
  unregistered: everyGoal('unregistered'),
  idle: everyGoal('idle'),
  faulty: everyGoal('faulty'),
};

/** The one object of a state. */
export function machineState(name: RegistrationStateName, goal: Goal): MachineState {
  return STATES[name][goal];
}

/** States that must have a deadline or an outstanding request. */
export function isLive({ name }: MachineState): boolean {
  return name !== 'disabled' && name !== 'unregistered' && name !== 'idle' && name !== 'faulty';
}

/** A REGISTER is out. */
export function isOutstanding({ name }: MachineState): boolean {
  return name === 'registering' || name === 'refreshing' || name === 'unregistering';
}

const DROP: Effect = { kind: 'drop' };
const UNQUEUE: Effect = { kind: 'unqueue' };
const SEND: Effect = { kind: 'send' };
const REST: Effect = { kind: 'rest' };
const LOST: Effect = { kind: 'lost' };
const FORGET: Effect = { kind: 'forget' };
const QUEUE: Readonly<Record<Urgency, Effect>> = {
  forced: { kind: 'queue', urgency: 'forced' },
  urgent: { kind: 'queue', urgency: 'urgent' },
  normal: { kind: 'queue', urgency: 'normal' },
};

const stay = (state: MachineState): Step => ({ state, effects: [] });

function step(name: RegistrationStateName, goal: Goal, ...effects: readonly Effect[]): Step {
  return { state: machineState(name, goal), effects };
}

/** At rest for its goal. */
function rest(goal: Goal, ...before: readonly Effect[]): Step {
  if (goal === 'gone') return step('unregistered', goal, ...before, REST, FORGET);
  return step(goal === 'on' ? 'unregistered' : goal, goal, ...before, REST);
}

/** An attempt is over and the account is not to be registered any more. */
function leave(goal: Goal, held: boolean): Step {
  return held ? step('queued', goal, QUEUE.forced) : rest(goal);
}

/**
 * The whole life of an account as one pure function: state and event in, new state and what is to be done out. An event that means nothing
 * in a state leaves it as it is.
 */
export function transition(state: MachineState, event: MachineEvent): Step {
  const { name, goal } = state;
  const outstanding = isOutstanding(state);
  switch (event.type) {
    case 'start': {
      const before = outstanding ? [DROP] : name === 'queued' ? [UNQUEUE] : [];
      if (event.goal !== 'on') return rest(event.goal, ...before);
      if (event.delay > 0) return step('waiting', 'on', ...before, { kind: 'wake', ms: event.delay });
      return step('queued', 'on', ...before, QUEUE.normal);
    }
    case 'due':
      if (outstanding) return { state, effects: [LOST] };
      if (name === 'registered') return step('queued', goal, QUEUE.urgent);
      if (name === 'waiting' || name === 'retrying' || name === 'rejected') return step('queued', goal, QUEUE.normal);
      return stay(state);
    case 'place':
      if (name !== 'queued') return stay(state);
      if (goal !== 'on') return step('unregistering', goal, SEND);
      return step(event.held ? 'refreshing' : 'registering', goal, SEND);
    case 'moved':
      return outstanding ? step('queued', goal, QUEUE.forced) : stay(state);
    case 'registered':
      if (name !== 'registering' && name !== 'refreshing') return stay(state);
      if (goal !== 'on') return leave(goal, true);
      return step('registered', goal, { kind: 'wake', ms: event.refreshIn });
    case 'failed':
      if (name === 'unregistering') return removed(goal);
      if (!outstanding && name !== 'queued') return stay(state);
      // Queued to remove a binding at a registrar that cannot be reached: the binding runs out by itself.
      if (goal !== 'on') return name === 'queued' ? rest(goal) : leave(goal, event.held);
      if (event.retryIn < 0) return step('disabled', 'disabled', REST);
      return step(event.lasting ? 'rejected' : 'retrying', goal, { kind: 'wake', ms: event.retryIn });
    case 'removed':
      return name === 'unregistering' ? removed(goal) : stay(state);
    case 'faulty':
      if (goal === 'gone') return rest(goal);
      return step('faulty', goal, REST);
    case 'on':
      return switchOn(state, event.again);
    case 'off':
      return switchOff(state, event.goal, event.unregister);
  }
}

function removed(goal: Goal): Step {
  return goal === 'on' ? step('queued', goal, QUEUE.forced) : rest(goal);
}

function switchOn({ name }: MachineState, again: boolean): Step {
  switch (name) {
    case 'registering':
    case 'refreshing':
    case 'unregistering':
      // What is out comes to its end first (RFC 3261 §10.2); then the goal counts.
      return step(name, 'on');
    case 'registered':
      return again ? step('queued', 'on', QUEUE.forced) : step(name, 'on');
    case 'queued':
      return step('queued', 'on', UNQUEUE, QUEUE.forced);
    default:
      return step('queued', 'on', QUEUE.forced);
  }
}

function switchOff(state: MachineState, goal: Exclude<Goal, 'on'>, unregister: boolean): Step {
  const { name } = state;
  switch (name) {
    case 'registering':
    case 'refreshing':
      return unregister ? step(name, goal) : rest(goal, DROP);
    case 'unregistering':
      return step(name, goal);
    case 'queued':
      return unregister ? step('queued', goal, UNQUEUE, QUEUE.forced) : rest(goal, UNQUEUE);
    default:
      return unregister ? step('queued', goal, QUEUE.forced) : rest(goal);
  }
}
