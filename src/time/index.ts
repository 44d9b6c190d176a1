export { CalendarWheel } from './calendar-wheel.ts';
export { CallbackTimer } from './callback-timer.ts';
export { type Clock, realClock } from './clock.ts';
export { type Driven, FakeClock, fakeTime } from './fake-clock.ts';
export { HashedTimerWheel, type TimerWheelOptions } from './hashed-timer-wheel.ts';
export { type Random, realRandom, seededRandom } from './random.ts';
export { Timer, type TimerWheel } from './timer-wheel.ts';
