// The events of a configuration: an Emitter that also turns the leftovers of a load into notices.

import { Emitter } from '../internal/listeners.ts';
import type { Load } from './load.ts';

/** The events of a configuration's loads. */
export class ConfigEvents extends Emitter {
  #reported: ReadonlySet<string> = new Set();

  constructor(name: string) {
    super(name, 'config');
  }

  /** Emits a notice for each hole that the schema does not need and, if `unknown`, for each key that it does
   *  not read. A notice is not repeated while its cause lasts. Without listeners, unknown keys become
   *  warnings of the process. */
  emitNotices(load: Load, unknown: boolean): void {
    const unknownKeys = unknown ? load.unknown() : [];
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
