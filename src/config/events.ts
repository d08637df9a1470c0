import { Emitter } from '../internal/listeners.ts';
import type { Load } from './load.ts';

/** The events of a configuration's loads. */
export class ConfigEvents extends Emitter {
  #reported: ReadonlySet<string> = new Set();

  constructor(name: string) {
    super(name, 'config');
  }

  /** Says what is odd about a load, once: keys that nobody reads, where that is asked for, and holes that nobody reads. */
  remark(load: Load, warn: boolean): void {
    const unknown = warn ? load.unknown() : [];
    const remarks = [
      ...unknown.map(({ key, origin, hint }) => ({
        key,
        outcome: 'ok' as const,
        message: `nothing reads "${key}" (${origin}). ${hint}`,
      })),
      ...load.unread.map(({ key, error }) => ({
        key,
        outcome: error.code,
        message: `"${key}" is not read; it cannot be: ${error.message}`,
      })),
    ];
    for (const remark of remarks.filter(({ message }) => !this.#reported.has(message))) {
      this.emit('notice', remark);
      if (remark.outcome === 'ok' && !this.hasListeners) process.emitWarning(remark.message, 'ConfigWarning');
    }
    this.#reported = new Set(remarks.map(({ message }) => message));
  }
}
