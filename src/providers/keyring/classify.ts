import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { DBusError } from './dbus-socket.ts';
import { locked } from './keyring.ts';

/** Names that the bus or the service refuse by. What is not here is `unavailable`. */
const refusals: Readonly<Record<string, readonly [code: ErrorCode, what: string, hint: string]>> = {
  'org.freedesktop.DBus.Error.AccessDenied': [
    'access_denied',
    'the session bus forbids to ask the keyring',
    'Allow this application to talk to org.freedesktop.secrets',
  ],
  'org.freedesktop.DBus.Error.LimitsExceeded': [
    'throttled',
    'the session bus refuses more requests',
    'Lower limits.concurrency',
  ],
};

/** A failure of the bus, of the service or of a socket, rebuilt from its name alone. */
export function classify(error: unknown, provider: string): ConfigError {
  if (isConfigError(error)) return error.with({ provider });
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === 'org.freedesktop.Secret.Error.IsLocked') return locked().with({ provider });
  const [refused, what, hint] =
    (typeof code === 'string' && Object.hasOwn(refusals, code) && refusals[code]) || [];
  if (refused) return new ConfigError(refused, `${provider}: ${what}`, { provider, hint: hint as string });
  return new ConfigError('unavailable', `${provider}: no keyring can be reached: ${reason(error, code)}`, {
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
    : 'it was not understood';
}
