import type { Key } from './key.ts';

/** One thing that is wrong with a configuration, as data. Values are shown only where they are not secret. */
export interface Problem {
  readonly key: Key;
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly origin?: string;
  readonly hint?: string;
}
