import type { ConfigEvent, ConfigEventTypes } from '../events.ts';
import { Listeners } from '../internal/listeners.ts';
import type { Load } from './load.ts';

let made = 0;

type Fields = Partial<Pick<ConfigEvent, 'outcome' | 'key' | 'durationMs' | 'version' | 'provider'>>;

/** What a configuration tells about its loads. */
export class ConfigEvents {
  readonly #name: string;
  readonly #listeners = new Listeners<ConfigEvent>();
  #remarked: ReadonlySet<string> = new Set();

  constructor(name: string) {
    this.#name = name;
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  emit<K extends keyof ConfigEventTypes>(type: K, fields: ConfigEventTypes[K] & Fields): void {
    if (this.#listeners.size === 0) return;
    const id = `config-${(++made).toString(36)}`;
    const head = { id, time: Date.now(), provider: this.#name, layer: 'config', outcome: 'ok' };
    this.#listeners.notify(Object.freeze({ ...head, type, ...fields }) as unknown as ConfigEvent);
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
    for (const remark of remarks.filter(({ message }) => !this.#remarked.has(message))) {
      this.emit('notice', remark);
      if (remark.outcome === 'ok' && this.#listeners.size === 0)
        process.emitWarning(remark.message, 'ConfigWarning');
    }
    this.#remarked = new Set(remarks.map(({ message }) => message));
  }
}
