import type { ConfigProvider } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';

/** What a backend holds at first: leaves by their keys. */
export type Values = Readonly<Record<Key, ConfigValue>>;

/** How a whole backend fails: every request of its, from now on. */
export type BackendFault = 'denied' | 'unavailable' | 'throttled' | 'hang' | 'garbage' | 'closing';

/** One provider over one fresh backend, and the levers of that backend. A lever that is missing must have its reason in `without`. */
export interface Subject {
  readonly provider: ConfigProvider;
  /** Changes the backend behind the provider; `undefined` removes the key. */
  readonly change?: (key: Key, value: ConfigValue | undefined) => void | Promise<void>;
  /** Every request fails so from now on; `undefined` heals. `garbage` is best made of the true values, cut short: then a parser
   *  that quotes them is found out. */
  readonly fail?: (fault: BackendFault | undefined) => void | Promise<void>;
  /** This key exists and alone cannot be read from now on: denied, disabled, undecryptable. */
  readonly damage?: (key: Key) => void | Promise<void>;
  /** Writes a new version behind the provider, and answers how the one before it is called. */
  readonly rotate?: (key: Key, value: ConfigValue) => string | Promise<string>;
  /** Puts a value that ends. */
  readonly lend?: (key: Key, value: ConfigValue, lifeMs: number) => void | Promise<void>;
  /** How many requests the backend has seen. */
  readonly requests?: () => number;
  /** Moves the clock that the provider was given; without one, time passes by itself. */
  readonly advance?: (ms: number) => void | Promise<void>;
  /** How far the clock is moved at once while an answer is waited for, where the backend answers in real time. @default ever further */
  readonly paceMs?: number;
  /** Clears up, after the provider has been closed. */
  readonly dispose?: () => void | Promise<void>;
}
