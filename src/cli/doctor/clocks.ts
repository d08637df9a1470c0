// Compares the machine's clock with those of the servers that answer meanwhile. Used by `doctor`. Reads the
// `Date` header of every HTTP response of the process, so that it needs no request of its own.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Check } from './check.ts';

/** A header has whole seconds, and an answer takes time. */
const noticedMs = 5_000;
/** Signatures and tokens are then refused. */
const refusedMs = 60_000;

interface HttpFinish {
  readonly request?: { readonly host?: string };
  readonly response?: { readonly headers?: { readonly date?: string } };
}
interface FetchHeaders {
  readonly request?: { readonly origin?: unknown };
  readonly response?: { readonly headers?: readonly Buffer[] };
}

/** Milliseconds that this machine's clock is ahead of each server's, by host. */
export class Clocks implements Disposable {
  readonly #ahead = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    subscribe('http.client.response.finish', this.#onHttp);
    subscribe('undici:request:headers', this.#onFetch);
  }

  [Symbol.dispose](): void {
    unsubscribe('http.client.response.finish', this.#onHttp);
    unsubscribe('undici:request:headers', this.#onFetch);
  }

  checks(): Check[] {
    return Array.from(this.#ahead, ([host, ahead]): Check => {
      const away = Math.abs(ahead);
      const seconds = `${(away / 1000).toFixed(away < 10_000 ? 1 : 0)} s`;
      const name = `clock of ${host}`;
      if (away < noticedMs) return { name, found: `within ${noticedMs / 1000} s`, status: 'ok' };
      return {
        name,
        found: `this machine is ${seconds} ${ahead > 0 ? 'ahead' : 'behind'}`,
        status: away < refusedMs ? 'warning' : 'failed',
        hint: 'Set the clock of this machine with NTP',
      };
    });
  }

  readonly #onHttp = (message: unknown): void => {
    const { request, response } = message as HttpFinish;
    this.#add(request?.host, response?.headers?.date);
  };

  readonly #onFetch = (message: unknown): void => {
    const { request, response } = message as FetchHeaders;
    const headers = (response?.headers ?? []).map((part) => part.toString('latin1'));
    const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'date');
    const { origin } = request ?? {};
    const host = URL.canParse(`${origin}`) ? new URL(`${origin}`).hostname : undefined;
    this.#add(host, at < 0 ? undefined : headers[at + 1]);
  };

  /** Keeps the smallest difference: an answer that took long looks like a clock that is behind. */
  #add(host: string | undefined, date: string | undefined): void {
    const sent = Date.parse(date ?? '');
    if (host === undefined || Number.isNaN(sent)) return;
    const ahead = this.#now() - (sent + 500);
    const known = this.#ahead.get(host);
    if (known === undefined || Math.abs(ahead) < Math.abs(known)) this.#ahead.set(host, ahead);
  }
}
