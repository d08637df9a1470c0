import type { ErrorCode } from '../errors.ts';
import type { ConfigEvent, ConfigEventTypes } from '../events.ts';
import { Listeners } from '../internal/listeners.ts';
import type { Clock } from './clock.ts';

let made = 0;
const born = Date.now().toString(36);

export interface EventFields {
  readonly outcome?: ConfigEvent['outcome'];
  readonly key?: string | undefined;
  readonly durationMs?: number;
  readonly version?: string | undefined;
}

/** Turns what happens into events. Look at `heard` first where making the event costs something. */
export class Emitter {
  readonly #provider: string;
  readonly #clock: Clock;
  readonly #listeners = new Listeners<ConfigEvent>();
  readonly #said = new Set<string>();

  constructor(provider: string, clock: Clock) {
    this.#provider = provider;
    this.#clock = clock;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  emit<T extends keyof ConfigEventTypes>(type: T, fields: ConfigEventTypes[T] & EventFields): void {
    if (this.#listeners.size === 0) return;
    made++;
    const head = {
      id: `${born}-${made.toString(36)}`,
      time: this.#clock.now(),
      provider: this.#provider,
      layer: 'shelter',
      outcome: 'ok',
    };
    const event = { ...head, type, ...fields };
    for (const [name, value] of Object.entries(event))
      if (value === undefined) delete event[name as keyof typeof event];
    this.#listeners.notify(Object.freeze(event) as unknown as ConfigEvent);
  }

  /** Something that a person should hear, once. */
  notice(message: string, outcome: 'ok' | ErrorCode = 'ok'): void {
    if (!this.hasListeners || this.#said.has(message)) return;
    if (this.#said.size < 1_000) this.#said.add(message);
    this.emit('notice', { message, outcome });
  }

  clear(): void {
    this.#listeners.clear();
  }
}
