// The events of a configuration: an Emitter that also turns the leftovers of a load into notices, and its
// failure into an event without values. Used by generations.ts.

import { ConfigError, type ErrorCode, isConfigError, type Problem } from '../errors.ts';
import type { ConfigEventTypes } from '../events.ts';
import { Emitter } from '../internal/listeners.ts';
import { type Quotes, thrown, warnOfListener } from '../internal/thrown.ts';
import { newId } from '../operation.ts';
import { unusedPlatformNames } from '../report/conventional-names.ts';
import { withoutFound } from '../report/problems.ts';
import { formatReport } from '../report/report.ts';
import type { Key } from '../value.ts';
import { deprecatedIn, deprecatedMessage } from './deprecated.ts';
import type { Load, Unchanged } from './load.ts';
import type { LoadOptions } from './plan.ts';
import type { Vanished } from './vanished.ts';
import { warningsOf } from './warnings.ts';

interface Notice {
  readonly key?: Key;
  readonly outcome: 'ok' | ErrorCode;
  readonly message: string;
  /** The code of the warning of the process. */
  readonly code?: string;
}

/** The event of a return to an earlier generation. `isCalled`: a caller waits for it. */
type RolledBack = ConfigEventTypes['rolled_back'] & {
  readonly version: string;
  readonly isCalled: boolean;
};

/** The events of a configuration's loads. */
export class ConfigEvents extends Emitter {
  readonly #quotesSecret: Quotes;
  #reported: ReadonlySet<string> = new Set();
  #vanished: ReadonlySet<string> = new Set();

  /** `quotesSecret`: whether a text quotes a secret of the configuration. */
  constructor(name: string, quotesSecret: Quotes) {
    super(name, 'config', undefined, quotesSecret);
    this.#quotesSecret = quotesSecret;
  }

  /** Emits what a change listener threw. Without listeners, a warning of the process. */
  emitThrown(key: Key, error: unknown): void {
    this.#emitError(key, `the change listener for "${key}" threw`, error, warnOfListener);
  }

  /** Emits what failed with a resource. Without listeners, a warning of the process. */
  emitResource(key: Key, what: string, error: unknown, quotes: Quotes): void {
    const warn = (message: string): void =>
      process.emitWarning(message, { type: 'ConfigWarning', code: 'LLM_CONFIG_RESOURCE_FAILED' });
    this.#emitError(key, what, error, warn, quotes);
  }

  #emitError(key: Key, what: string, error: unknown, warn: (message: string) => void, quotes?: Quotes): void {
    const message = `${what} ${thrown(error, (text) => this.#quotesSecret(text) || quotes?.(text) === true)}`;
    if (this.hasListeners) this.emit('notice', { key, message });
    else warn(message);
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

  /** Emits which keys have changed. They are known only if something listens. */
  emitChanged(keys: readonly Key[] | undefined, number: number, operation: string | undefined): void {
    this.emit('changed', { ...(keys && { keys }), version: String(number), operation });
  }

  /** Emits that the values of an earlier generation are in force again. Without listeners and a caller, a
   *  warning of the process. */
  emitRolledBack({ isCalled, ...fields }: RolledBack): void {
    if (this.hasListeners) this.emit('rolled_back', fields);
    else if (!isCalled)
      process.emitWarning(fields.message, { type: 'ConfigWarning', code: 'LLM_CONFIG_ROLLED_BACK' });
  }

  /** Emits one event for each store that lost something, once while that lasts. `warn`: without listeners, it
   *  becomes a warning of the process. */
  emitVanished(operation: string, vanished: readonly Vanished[], warn: boolean): void {
    for (const { store, all, lost, message } of vanished) {
      if (this.#vanished.has(message)) continue;
      const [first] = lost;
      const only = lost.length === 1 && first ? { key: first.key, version: first.version } : {};
      const keys = Object.freeze(lost.map(({ key }) => key));
      const fields = { message, keys, outcome: 'absent' as const, operation, ...only };
      this.emit('vanished', { ...fields, provider: store, ...(all && { all }) });
      if (warn && !this.hasListeners)
        process.emitWarning(message, { type: 'ConfigWarning', code: 'LLM_CONFIG_VANISHED' });
    }
    this.#vanished = new Set(vanished.map(({ message }) => message));
  }

  /** Emits a notice for references that are not replaced, for each deprecated key and, as the option
   *  `unknown` says, for keys that the schema does not read: without listeners, these become warnings of
   *  the process. Emits one for each hole that the schema does not need, for each source that was left out
   *  and is not asked again, and for each variable of the platform that is not used. A notice is not repeated
   *  while its cause lasts. */
  emitNotices(load: Load | Unchanged, { unknown, watch }: LoadOptions): void {
    if ('isUnchanged' in load) return;
    const { names } = load;
    const platform = names && this.hasListeners ? unusedPlatformNames(names) : [];
    const leftOut = watch ? [] : load.layers.filter(({ tolerated }) => tolerated !== undefined);
    const warnings: readonly Notice[] = [
      ...warningsOf(load, unknown).map((warning) => ({ ...warning, outcome: 'ok' as const })),
      ...deprecatedIn(load.layers).map((use) => ({
        key: use.use,
        outcome: 'ok' as const,
        code: 'LLM_CONFIG_DEPRECATED',
        message: deprecatedMessage(use),
      })),
    ];
    const accepted: readonly Notice[] = [
      ...leftOut.map(({ name, tolerated }) => ({
        outcome: tolerated?.code ?? ('ok' as const),
        message: `${name} is unreachable, and nothing asks it again until reload(). Set the option watch`,
      })),
      ...load.unread.map(({ key, error }) => ({
        key,
        outcome: error.code,
        message: `"${key}" cannot be read, but the schema does not need it: ${error.message}`,
      })),
      ...platform.map((message) => ({ outcome: 'ok' as const, message })),
    ];
    const isNew = ({ message }: { readonly message: string }): boolean => !this.#reported.has(message);
    const all = [...warnings, ...accepted];
    for (const { code, ...notice } of all.filter(isNew)) this.emit('notice', notice);
    if (!this.hasListeners)
      for (const { message, code } of warnings.filter(isNew))
        process.emitWarning(message, { type: 'ConfigWarning', ...(code && { code }) });
    this.#reported = new Set(all.map(({ message }) => message));
  }
}

/** The error of a load: an error that is not a ConfigError is a bug. */
export function asFailedLoad(error: unknown, operation: string = newId()): ConfigError {
  return isConfigError(error)
    ? error.with({ operation })
    : new ConfigError('io', 'loading the configuration failed with an unexpected error', {
        cause: error,
        operation,
      });
}
