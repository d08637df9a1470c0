// The failed reloads of a configuration: the last one, and warnings of the process while nobody listens. Used
// by `Config`; `explaining.ts` shows the last one.

import { ConfigError, type Problem } from '../errors.ts';
import { startsWith } from '../key.ts';
import type { Key } from '../value.ts';

/** A reload that failed. */
export interface Failure {
  readonly error: ConfigError;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export class Failures {
  /** Undefined once a reload has succeeded. */
  last: Failure | undefined;
  readonly counts = { failedReloads: 0 };
  readonly #name: string;
  readonly #warned = new Set<string>();

  constructor(name: string) {
    this.#name = name;
  }

  /** `silent`: the error reaches a caller or a listener. Otherwise each different error is a warning. */
  failed(error: ConfigError, silent: boolean): void {
    this.counts.failedReloads++;
    this.last = { error, time: Date.now() };
    const lasting = error.message.replace(countdown, '');
    if (silent || this.#warned.has(lasting) || this.#warned.size >= 100) return;
    this.#warned.add(lasting);
    const what = `${this.#name}: a reload failed, and the earlier values stay in use`;
    warn(`${what}. ${error.message}`, 'LLM_CONFIG_RELOAD_FAILED');
  }

  succeeded(generation: number): void {
    this.last = undefined;
    if (this.#warned.size === 0) return;
    this.#warned.clear();
    warn(`${this.#name}: reloads work again (generation ${generation})`, 'LLM_CONFIG_RELOAD_RECOVERED');
  }
}

/** When a store is asked again. It changes with each failure, and makes no other error. */
const countdown =
  /[;,] (?:the store is asked again|the next request may start) in \d+ s|, one request is probing it/g;

const warn = (message: string, code: string): void =>
  process.emitWarning(message, { type: 'ConfigWarning', code });

/** Why a newer value of a key is not in use, in one line. */
export function refusedNewer(key: Key, { error, time }: Failure): string {
  const at = new Date(time).toISOString();
  const { problems = [] } = error;
  const own = problems.find(
    (one) => one.key !== '' && (startsWith(one.key, key) || startsWith(key, one.key)),
  );
  if (own) return `a newer value was refused at ${at}: ${textOf(own)}`;
  const [first] = problems;
  const why = first ? `${first.key === '' ? '' : `"${first.key}": `}${textOf(first)}` : error.message;
  return `a newer configuration was refused at ${at}: ${why}`;
}

const textOf = ({ message, origin }: Problem): string => (origin ? `${message} (${origin})` : message);

export const closedError = (): ConfigError => new ConfigError('aborted', 'the configuration is closed');
