// The port of a keyring. secret-service.ts and native.ts implement it, and source.ts calls it.

import { ConfigError } from '../../errors.ts';

/** One entry of a keyring. A value that is not valid UTF-8 is given as bytes. */
export interface Credential {
  readonly account: string;
  readonly value: string | Uint8Array;
}

/** A way to reach the operating system's keyring. Each call ends when its signal aborts. */
export interface Keyring {
  get(account: string, signal: AbortSignal): Promise<Credential['value'] | undefined>;
  find(signal: AbortSignal): Promise<readonly Credential[]>;
  set(account: string, value: string, signal: AbortSignal): Promise<void>;
  delete(account: string, signal: AbortSignal): Promise<void>;
  /** Throws when the keyring cannot be read at present. */
  check(signal: AbortSignal): Promise<void>;
  /** Closes the connection. The next call opens another. */
  close(): void;
}

export const lockedError = (): ConfigError =>
  new ConfigError('unauthenticated', 'the keyring is locked', {
    hint: 'Unlock the keyring: log in to the desktop, or run gnome-keyring-daemon --unlock',
  });
