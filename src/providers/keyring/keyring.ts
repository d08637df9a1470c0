import { ConfigError } from '../../errors.ts';

/** What a keyring holds under one service. Bytes are what is no text. */
export interface Credential {
  readonly account: string;
  readonly value: string | Uint8Array;
}

/** One way to reach an operating system's keyring. Each call ends when its signal does. */
export interface Keyring {
  get(account: string, signal: AbortSignal): Promise<Credential['value'] | undefined>;
  find(signal: AbortSignal): Promise<readonly Credential[]>;
  set(account: string, value: string, signal: AbortSignal): Promise<void>;
  delete(account: string, signal: AbortSignal): Promise<void>;
  /** Throws when the keyring cannot be read now. */
  check(signal: AbortSignal): Promise<void>;
  /** Drops what is open; the next call opens it anew. */
  close(): void;
}

export const locked = (): ConfigError =>
  new ConfigError('unauthenticated', 'the keyring is locked', {
    hint: 'Unlock it: log in to the desktop, or run gnome-keyring-daemon --unlock',
  });
