import type { ModuleHost } from '../../script/module-definition.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { RegistrationSettings } from './reg-settings.ts';
import type { RegistrationParts } from './registration.ts';

/** Interim: the engine is being built. */
export function registrationParts(
  _host: ModuleHost,
  _settings: RegistrationSettings,
  _defaultSocket: ListenSocket | null,
): RegistrationParts | null {
  return null;
}
