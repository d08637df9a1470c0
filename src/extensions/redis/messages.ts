// What other processes have changed, heard on a channel of Redis. Used by level.ts. The channel and the form
// of a message, `1 <document> <ticket>`, are the same in every format of contents, so that old and new
// releases hear each other.

import { type Clock, later } from '../../shelter/clock.ts';
import type { Connection, Ear } from './connection.ts';

const message = /^1 ([\w-]{22}) (\d{1,16})$/;
const connectMs = 10_000;
const minPauseMs = 100;
const maxPauseMs = 2_000;
/** A document is reported at most once in this time. */
const quietMs = 1_000;

export interface MessagesParts {
  readonly connection: Connection;
  readonly channel: string;
  readonly clock: Clock;
  /** A ticket is never later than now, whatever a message says. */
  readonly onChanged: (id: string, ticket: number) => void;
  /** Messages may be lost. */
  readonly onLost: () => void;
  /** Whether a message that was missed before the first connection would matter. */
  readonly isInUse: () => boolean;
}

export class Messages {
  readonly #parts: MessagesParts;
  /** The documents that were reported lately, with a later ticket that waits. */
  readonly #lately = new Map<string, { ticket: number }>();
  #ear: Ear | undefined;
  #running = false;
  #heard = false;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  /** Begins to listen, once. */
  start(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#ear?.close();
    this.#wake();
  }

  async #run(): Promise<void> {
    for (let pauseMs = minPauseMs; !this.#closed; pauseMs = Math.min(maxPauseMs, 2 * pauseMs)) {
      if (await this.#listen()) pauseMs = minPauseMs;
      if (!this.#closed) await this.#sleep(pauseMs * (0.5 + Math.random()));
    }
  }

  /** Listens until the connection breaks. False: there was none. */
  async #listen(): Promise<boolean> {
    const { connection, channel, clock, isInUse, onLost } = this.#parts;
    if (!connection.isReady()) return false;
    let ended = (): void => undefined;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    this.#wake = ended;
    const ear = connection.listen(channel, (text) => this.#received(text), ended);
    this.#ear = ear;
    try {
      await new Promise((resolve, reject) => {
        const cancel = later(clock, connectMs, () => reject(new Error('late')));
        void ear.hears.then(resolve, reject).finally(cancel);
      });
      if (this.#closed) return true;
      if (this.#heard || isInUse()) onLost();
      this.#heard = true;
      await end;
      return true;
    } catch {
      return false;
    } finally {
      ear.close();
    }
  }

  #received(text: string): void {
    const [, id, digits] = message.exec(text) ?? [];
    if (id === undefined || this.#closed) return;
    const ticket = Math.min(Number(digits), (this.#parts.clock.now() + 1_000) * 1_000);
    const late = this.#lately.get(id);
    if (late) late.ticket = Math.max(late.ticket, ticket);
    else this.#report(id, ticket);
  }

  #report(id: string, ticket: number): void {
    const late = { ticket: 0 };
    this.#lately.set(id, late);
    later(this.#parts.clock, quietMs, () => {
      this.#lately.delete(id);
      if (late.ticket > ticket && !this.#closed) this.#report(id, late.ticket);
    });
    this.#parts.onChanged(id, ticket);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = later(this.#parts.clock, ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
