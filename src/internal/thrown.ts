// Warnings of listeners that throw. Used by listeners.ts, and by a configuration for its change listeners. A
// message is printed unless it quotes a secret.

import { nameAndCode } from '../errors.ts';
import { looksSecret, maskUrls } from '../redact.ts';

/** Whether a text must not be printed. */
export type Quotes = (text: string) => boolean;

/** `    at onChange (file:///app/main.js:12:5)` */
const frameLine = /^ {4}(at (?:[\w.<>$# [\]]{1,100} \()?[^\s()]{1,300}:\d+:\d+\)?)$/m;

/** What a listener threw, in one line, with the place in its code. */
export function thrown(error: unknown, quotesSecret: Quotes = looksSecret): string {
  const { name, message, stack } = (error instanceof Error ? error : {}) as Partial<Error>;
  const isSecret = (text: string): boolean => looksSecret(text) || quotesSecret(text);
  const isText = typeof message === 'string' && message !== '';
  const isShown = isText && !isSecret(message) && !isSecret(`${name}: ${message}`);
  const text = isShown
    ? `${name}: ${maskUrls(message).replace(/\s+/g, ' ').slice(0, 300)}`
    : nameAndCode(error);
  const frame = typeof stack === 'string' && frameLine.exec(stack.slice(0, 10_000))?.[1];
  return frame ? `${text} (${frame})` : text;
}

/** Warns of a listener that threw. */
export const warnOfListener = (what: string): void =>
  process.emitWarning(what, { type: 'ConfigWarning', code: 'LLM_CONFIG_LISTENER_FAILED' });

/** The listeners of one set that have thrown. */
export class ThrowingListeners {
  readonly #known = new WeakSet<object>();
  readonly #owner: string;
  readonly #quotesSecret: Quotes | undefined;

  constructor(owner = 'llm-config-manager', quotesSecret?: Quotes) {
    this.#owner = owner;
    this.#quotesSecret = quotesSecret;
  }

  /** Calls a listener. What it throws, or rejects with, affects nothing else. */
  call<T>(listener: (value: T) => unknown, value: T): void {
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch((error: unknown) => this.#warn(listener, error));
    } catch (error) {
      this.#warn(listener, error);
    }
  }

  /** Warns once for each listener: it may throw for each event. */
  #warn(listener: object, error: unknown): void {
    if (this.#known.has(listener)) return;
    this.#known.add(listener);
    warnOfListener(`${this.#owner}: a listener threw ${thrown(error, this.#quotesSecret)}`);
  }
}
