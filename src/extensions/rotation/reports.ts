// What a rotation reports: events, and warnings of the process for what needs a person where nothing listens.
// Used by rotate.ts and step.ts. Versions are named, values never.

import type { ConfigError } from '../../errors.ts';
import type { ConfigEvent, RotationStep } from '../../events.ts';
import { Emitter } from '../../internal/listeners.ts';
import type { Key } from '../../value.ts';
import type { StoredVersion } from './store.ts';

export class Reports {
  readonly #emitter: Emitter;
  readonly #key: Key;
  /** What was reported as a warning. A step that fails each minute is one warning. */
  readonly #warned = new Set<string>();

  constructor(provider: string, key: Key, now: () => number) {
    this.#emitter = new Emitter(provider, 'provider', now);
    this.#key = key;
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#emitter.on(listener);
  }

  step(step: RotationStep, from: StoredVersion | undefined, to: StoredVersion): void {
    const key = this.#key;
    const versions = {
      ...(from?.version !== undefined && { from: from.version }),
      ...(to.version !== undefined && { to: to.version }),
    };
    this.#emitter.emit('rotation_step', { key, step, ...versions });
    if (step === 'promoted') this.#emitter.emit('rotated', { key, version: to.version });
  }

  /** Reports what a person has to do. */
  waiting(message: string, inUse?: number): void {
    const count = inUse === undefined ? {} : { inUse };
    this.#emitter.emit('rotation_waiting', { key: this.#key, message, ...count });
    this.#warn(message);
  }

  notice(message: string): void {
    this.#emitter.notice(message);
  }

  /** Reports a failure. `isThrown`: a caller sees it too. */
  failed({ message, code }: ConfigError, isThrown: boolean): void {
    this.#emitter.emit('rotation_failed', { key: this.#key, message, outcome: code });
    if (!isThrown) this.#warn(message);
  }

  #warn(message: string): void {
    if (this.#emitter.hasListeners || this.#warned.has(message)) return;
    if (this.#warned.size < 100) this.#warned.add(message);
    process.emitWarning(message, { type: 'ConfigWarning', code: 'LLM_CONFIG_ROTATION' });
  }
}
