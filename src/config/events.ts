// The events of a configuration: an Emitter that also turns the leftovers of a load into notices, and its
// failure into an event without values. Used by config.ts.

import { ConfigError, isConfigError, type Problem } from '../errors.ts';
import { Emitter } from '../internal/listeners.ts';
import { type Quotes, thrown, warnOfListener } from '../internal/thrown.ts';
import { withoutFound } from '../report/problems.ts';
import { formatReport } from '../report/report.ts';
import type { Key } from '../value.ts';
import type { Load, Unchanged } from './load.ts';
import type { LoadOptions } from './plan.ts';

/** The events of a configuration's loads. */
export class ConfigEvents extends Emitter {
  readonly #quotesSecret: Quotes;
  #reported: ReadonlySet<string> = new Set();

  /** `quotesSecret`: whether a text quotes a secret of the configuration. */
  constructor(name: string, quotesSecret: Quotes) {
    super(name, 'config', undefined, quotesSecret);
    this.#quotesSecret = quotesSecret;
  }

  /** Emits what a change listener threw. Without listeners, a warning of the process. */
  emitThrown(key: Key, error: unknown): void {
    const message = `the change listener for "${key}" threw ${thrown(error, this.#quotesSecret)}`;
    if (this.hasListeners) this.emit('notice', { key, message });
    else warnOfListener(message);
  }

  /** Emits why a load has failed, without the values that were found. */
  emitFailure(error: ConfigError, durationMs: number): void {
    if (!this.hasListeners) return;
    const { code, provider, operation } = error;
    const problems = error.problems?.map((problem): Problem => Object.freeze(withoutFound(problem)));
    const showsFound = error.problems?.some(({ kind }) => kind === 'wrong');
    const message =
      problems && (code === 'validation' || showsFound) ? formatReport(problems) : error.message;
    this.emit('refresh_failed', {
      outcome: code,
      durationMs,
      message,
      operation,
      ...(problems && { problems: Object.freeze(problems) }),
      ...(provider && { provider }),
    });
  }

  /** Emits which keys have changed. They are compared only for listeners. */
  emitChanged(keys: () => readonly Key[], version: string, operation: string | undefined): void {
    if (this.hasListeners) this.emit('changed', { keys: keys(), version, operation });
  }

  /** Emits a notice for each hole that the schema does not need and, as the option `unknown` says, for keys
   *  that it does not read. A notice is not repeated while its cause lasts. Without listeners, unknown keys
   *  become warnings of the process. */
  emitNotices(load: Load | Unchanged, unknown: LoadOptions['unknown'] = 'warn-similar'): void {
    if ('isUnchanged' in load) return;
    const unknownKeys =
      unknown === 'warn' ? load.unknown() : unknown === 'warn-similar' ? load.unknown('similar') : [];
    const notices = [
      ...unknownKeys.map(({ key, origin, hint }) => ({
        key,
        outcome: 'ok' as const,
        message: `nothing reads "${key}" (${origin}). ${hint}`,
      })),
      ...load.unread.map(({ key, error }) => ({
        key,
        outcome: error.code,
        message: `"${key}" cannot be read, but the schema does not need it: ${error.message}`,
      })),
    ];
    for (const notice of notices.filter(({ message }) => !this.#reported.has(message))) {
      this.emit('notice', notice);
      if (notice.outcome === 'ok' && !this.hasListeners) process.emitWarning(notice.message, 'ConfigWarning');
    }
    this.#reported = new Set(notices.map(({ message }) => message));
  }
}

/** The error of a load: an error that is not a ConfigError is a bug. */
export function asFailedLoad(error: unknown, operation: string): ConfigError {
  return isConfigError(error)
    ? error.with({ operation })
    : new ConfigError('io', 'loading the configuration failed with an unexpected error', {
        cause: error,
        operation,
      });
}
