// Listeners of events and changes. Providers, chains and configurations emit through an `Emitter`; a throwing
// listener never affects the others, nor the code that notifies them. Its error is a warning of the process.

import type { ErrorCode } from '../errors.ts';
import type { ConfigEvent, ConfigEventTypes, EventHead } from '../events.ts';
import { type HealthStatus, seeStatus } from '../health.ts';
import { newId } from '../operation.ts';
import { maskUrls } from '../redact.ts';
import { type Quotes, ThrowingListeners } from './thrown.ts';

/** A set of listeners. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => unknown>();
  readonly #throwing: ThrowingListeners;

  /** `owner`: in the warning of a listener that throws. */
  constructor(owner?: string, quotesSecret?: Quotes) {
    this.#throwing = new ThrowingListeners(owner, quotesSecret);
  }

  get size(): number {
    return this.#all.size;
  }

  /** The result removes the listener; `removed` runs once when that happens. */
  add(listener: (value: T) => void, removed?: () => void): Disposable {
    const own = (value: T): unknown => listener(value);
    this.#all.add(own);
    return {
      [Symbol.dispose]: () => {
        if (this.#all.delete(own)) removed?.();
      },
    };
  }

  notify(value: T): void {
    for (const listener of [...this.#all]) this.#throwing.call(listener, value);
  }

  clear(): void {
    this.#all.clear();
  }
}

/** One Disposable for several subscriptions. */
export function disposeAll(subscriptions: readonly (Disposable | undefined)[]): Disposable {
  return {
    [Symbol.dispose]: () => subscriptions.forEach((subscription) => void subscription?.[Symbol.dispose]()),
  };
}

type EventFields = Partial<Omit<EventHead, 'id' | 'time' | 'layer' | 'key' | 'version' | 'operation'>> & {
  readonly key?: string | undefined;
  readonly version?: string | undefined;
  readonly operation?: string | undefined;
};

/** The emitters of providers that report their own status. */
const reporters = new WeakMap<object, Emitter>();

/** Whether a provider reports its own status, as the provider of a store does. */
export const reportsStatus = (provider: object): boolean => reporters.has(provider);

/** Builds events and hands them to listeners. Check `hasListeners` first where the fields of an event cost
 *  something. */
export class Emitter {
  readonly #provider: string;
  readonly #layer: EventHead['layer'];
  readonly #now: () => number;
  readonly #listeners: Listeners<ConfigEvent>;
  readonly #notices = new Set<string>();

  constructor(provider: string, layer: EventHead['layer'], now = () => Date.now(), quotesSecret?: Quotes) {
    this.#provider = provider;
    this.#layer = layer;
    this.#now = now;
    this.#listeners = new Listeners(provider, quotesSecret);
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  emit<T extends keyof ConfigEventTypes>(type: T, fields: ConfigEventTypes[T] & EventFields): void {
    if (!this.hasListeners) return;
    const head = {
      id: newId(),
      time: this.#now(),
      provider: this.#provider,
      layer: this.#layer,
      outcome: 'ok',
    };
    const event = Object.entries({ ...head, type, ...fields }).filter(([, value]) => value !== undefined);
    this.#listeners.notify(Object.freeze(Object.fromEntries(event)) as unknown as ConfigEvent);
  }

  /** Emits a notice for a person, each message once. */
  notice(message: string, outcome: 'ok' | ErrorCode = 'ok'): void {
    if (!this.hasListeners || this.#notices.has(message)) return;
    if (this.#notices.size < 1_000) this.#notices.add(message);
    this.emit('notice', { message, outcome });
  }

  /** Makes this the emitter that reports the status of a provider, because all its listeners hear it. */
  reports(provider: object): void {
    reporters.set(provider, this);
  }

  /** Emits `health_changed` if the status of a provider differs from the one seen before. */
  status(
    of: { readonly name: string },
    status: HealthStatus,
    reason?: string,
    outcome: 'ok' | ErrorCode = 'ok',
  ): void {
    const previous = seeStatus(of, status);
    if (!previous) return;
    const emitter = reporters.get(of) ?? this;
    const why = { ...(reason && { reason: maskUrls(String(reason)) }), outcome };
    emitter.emit('health_changed', { provider: of.name, status, previous, ...why });
  }

  clear(): void {
    this.#listeners.clear();
  }
}
