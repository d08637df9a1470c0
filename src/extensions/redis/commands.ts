// Scripts over a connection, and what is known of the rights to run them. Used by level.ts, data-keys.ts,
// ledger.ts and pace.ts. A server that refuses writes is still read: it is full, a replica, or the user may
// only read.

import type { Clock } from '../../shelter/clock.ts';
import type { Argument } from './client.ts';
import { type Connection, codeOf, type Script } from './connection.ts';

const pauseMs = 5_000;

export interface CommandsParts {
  readonly connection: Connection;
  readonly notice: (message: string) => void;
  readonly clock: Pick<Clock, 'now'>;
}

export class Commands {
  readonly #parts: CommandsParts;
  #noWritesUntil = 0;
  #readOnlyUntil = 0;
  #closed = false;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  isReady(): boolean {
    return !this.#closed && this.#parts.connection.isReady();
  }

  get mayWrite(): boolean {
    return this.#parts.clock.now() >= this.#noWritesUntil;
  }

  /** Runs a script that reads, and writes where it may. */
  async read(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const { connection, clock } = this.#parts;
    this.#check();
    if (clock.now() < this.#readOnlyUntil) return connection.run(script, keys, args, true);
    return connection.run(script, keys, args).catch((error: unknown) => {
      if (codeOf(error) !== 'NOPERM') throw error;
      this.#readOnlyUntil = clock.now() + pauseMs;
      this.refused('NOPERM');
      return connection.run(script, keys, args, true);
    });
  }

  /** Runs a script that is of no use if it cannot write. */
  async write(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    this.#check();
    try {
      return await this.#parts.connection.run(script, keys, args);
    } catch (error) {
      this.refused(codeOf(error));
      throw error;
    }
  }

  /** A write was refused, with this error of Redis. */
  refused(error: string): void {
    const code = /^-?([A-Z]+)/.exec(error)?.[1] ?? '';
    if (code !== 'ERR' && !(code in refusals)) return;
    this.#noWritesUntil = this.#parts.clock.now() + pauseMs;
    const why = refusals[code as keyof typeof refusals] ?? refusals.NOPERM;
    this.#parts.notice(`redis: ${why}, so nothing is written to it`);
  }

  close(): void {
    this.#closed = true;
  }

  #check(): void {
    if (this.#closed) throw new Error('the second level is closed');
    if (!this.#parts.connection.isReady()) throw new Error('the client is not connected');
  }
}

const refusals = {
  OOM: 'the server is out of memory',
  READONLY: 'the server is a replica',
  MISCONF: 'the server cannot save its data',
  NOPERM: 'the user lacks a right to write',
  NOREPLICAS: 'the server has too few replicas',
};
