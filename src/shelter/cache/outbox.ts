// What a process sends to the second level after its requests, collected for a turn of the event loop. Used
// by shared-cache.ts. No reader waits for it.

import type { KeptContent, TicketedName } from '../second-level.ts';
import type { GuardedLevel } from './guarded-level.ts';

export class Outbox {
  readonly #level: GuardedLevel;
  #kept: { readonly content: KeptContent; readonly onKept: () => void }[] = [];
  #failed: TicketedName[] = [];
  readonly #sendSoon = (): void => process.nextTick(() => void this.#send());

  constructor(level: GuardedLevel) {
    this.#level = level;
  }

  keep(content: KeptContent, onKept: () => void): void {
    if (this.#kept.push({ content, onKept }) + this.#failed.length === 1) this.#sendSoon();
  }

  failed(name: TicketedName): void {
    if (this.#failed.push(name) + this.#kept.length === 1) this.#sendSoon();
  }

  async #send(): Promise<void> {
    const [kept, failed] = [this.#kept, this.#failed];
    this.#kept = [];
    this.#failed = [];
    if (failed.length > 0) void this.#level.failed(failed);
    if (kept.length === 0) return;
    const confirmed = await this.#level.keep(kept.map(({ content }) => content));
    for (const [i, { onKept }] of kept.entries()) if (confirmed?.[i]) onKept();
  }
}
