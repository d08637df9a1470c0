/** What a keyring holds under one service. */
export interface Credential {
  readonly account: string;
  readonly value: string;
}

/** One way to reach an operating system's keyring. Each call ends when its signal does. */
export interface Keyring {
  get(account: string, signal: AbortSignal): Promise<string | undefined>;
  find(signal: AbortSignal): Promise<readonly Credential[]>;
  set(account: string, value: string, signal: AbortSignal): Promise<void>;
  delete(account: string, signal: AbortSignal): Promise<void>;
  /** Throws when the keyring cannot be read now. */
  check(signal: AbortSignal): Promise<void>;
  /** Whatever is open may be broken. */
  forget(): void;
  close(): void;
}
