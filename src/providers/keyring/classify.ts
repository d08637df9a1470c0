// Turns failures of the session bus and of the Secret Service into ConfigErrors. Used by source.ts.

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { DBusError } from './dbus-socket.ts';
import { lockedError } from './keyring.ts';

/** Error names of the bus and the service. All other names become `unavailable`. */
const refusals: Readonly<Record<string, readonly [code: ErrorCode, what: string, hint: string]>> = {
  'org.freedesktop.DBus.Error.AccessDenied': [
    'access_denied',
    'the session bus denies access to the keyring',
    'Allow this application to talk to org.freedesktop.secrets',
  ],
  'org.freedesktop.DBus.Error.LimitsExceeded': [
    'throttled',
    'the session bus refuses further requests',
    'Lower limits.concurrency',
  ],
};

/** Turns a failure of the bus, the service or a socket into a ConfigError. Keeps its name, never its text. */
export function classify(error: unknown, provider: string): ConfigError {
  if (isConfigError(error)) return error.with({ provider });
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === 'org.freedesktop.Secret.Error.IsLocked') return lockedError().with({ provider });
  const [refused, what, hint] =
    (typeof code === 'string' && Object.hasOwn(refusals, code) && refusals[code]) || [];
  if (refused) return new ConfigError(refused, `${provider}: ${what}`, { provider, hint: hint as string });
  return new ConfigError('unavailable', `${provider}: no keyring is reachable: ${reason(error, code)}`, {
    provider,
    hint: 'Start a session bus with a secret service, such as gnome-keyring, for this user',
  });
}

function reason(error: unknown, code: unknown): string {
  if (code === 'org.freedesktop.DBus.Error.ServiceUnknown')
    return 'no secret service runs on the session bus';
  if (error instanceof DBusError) return error.message;
  return typeof code === 'string' && /^\w{1,64}$/.test(code)
    ? `the session bus does not answer (${code})`
    : 'the failure has no known name';
}
