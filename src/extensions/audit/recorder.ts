// Turns what happened into entries and gives them to the queue. AuditLog has one; `audited` and `listen`
// use it. All failures leave it as `audit_failed`, which is never transient: nothing tolerant takes it for
// an outage.

import process from 'node:process';
import { ConfigError, isConfigError } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import { Accesses } from './accesses.ts';
import { type AuditEntry, type AuditFields, Ids, lineOf } from './entry.ts';
import { type Commit, Queue } from './queue.ts';

/** How an entry is written: before the answer, or behind it, in a queue of this length. */
export interface Writing {
  readonly mode: 'before' | 'behind';
  readonly queueLimit: number;
  readonly whenFull: 'refuse' | 'block';
}

/** Where an entry is in a log. */
export interface AuditReceipt {
  /** The `id` of the entry. */
  readonly id: string;
  /** The number of the entry in the log. */
  readonly index: number;
}

export interface RecorderOptions {
  readonly origin: string;
  readonly clock: Clock;
  readonly commit: Commit;
  readonly onFailure: (error: unknown, kept: number) => void;
}

/** A reader of a log refuses a line that is much longer. */
const maxLineBytes = 1 << 23;

/** How many entries of events may wait for the disk. Beyond, they are counted. */
const maxEvents = 10_000;

export class Recorder {
  readonly queue: Queue;
  /** The events that are recorded: a provider and its chain deliver the same. */
  readonly events = new WeakSet<object>();
  readonly #options: RecorderOptions;
  readonly #accesses: Accesses;
  readonly #ids = new Ids();
  readonly #actor = `process:${process.pid}`;
  #missed = 0;
  #closed = false;

  constructor(options: RecorderOptions) {
    const { commit, onFailure, clock } = options;
    this.#options = options;
    this.queue = new Queue({ commit, onFailure, clock });
    this.#accesses = new Accesses({ clock, repeated: (fields) => this.queue.keep(this.#line(fields).line) });
  }

  /** Throws if nothing can be recorded any more. */
  check(): void {
    if (this.#closed)
      throw new ConfigError('audit_failed', `audit: the log ${this.#options.origin} is closed`, {
        hint: 'Close the providers before the log',
      });
  }

  /** Resolves when the entry is on disk. */
  async append(fields: AuditFields): Promise<AuditReceipt> {
    this.check();
    const { id, line } = this.#line(fields);
    return { id, index: await this.queue.add(line).catch(refuse) };
  }

  /** Records that another key signs from now on. `commit` writes the entry, in a batch of its own. */
  async changeKey(verifier: string, commit: Commit): Promise<void> {
    this.check();
    await this.queue.add(this.#line({ type: 'audit.key_changed', verifier }).line, commit).catch(refuse);
  }

  /** Records an access: the first of its kind in a minute as an entry, later ones as a count. */
  async access(fields: AuditFields, writing: Writing): Promise<void> {
    while (this.#isFull(writing)) await this.queue.written();
    await this.#accesses.add(fields, writing.mode === 'behind', () => this.#write(fields, writing));
  }

  /** Records what is never counted, such as a write. */
  async write(fields: AuditFields, writing: Writing): Promise<void> {
    while (this.#isFull(writing)) await this.queue.written();
    await this.#write(fields, writing).written;
  }

  /** Records an event. Events that find no place are counted, and `audit.gap` says how many. */
  event(fields: AuditFields): void {
    if (this.#closed) return;
    if (this.queue.kept >= maxEvents) this.#missed++;
    else {
      this.#gap();
      this.queue.keep(this.#line(fields).line);
    }
  }

  /** Writes what is counted and what waits.
   *  @throws ConfigError `audit_failed` if entries are lost */
  async close(): Promise<void> {
    this.#accesses.close();
    this.#gap();
    this.#closed = true;
    await this.queue.close();
    const { kept } = this.queue;
    const lost = `${kept} ${kept === 1 ? 'entry' : 'entries'}`;
    if (kept > 0)
      throw new ConfigError('audit_failed', `audit: ${this.#options.origin} closes without ${lost}`, {
        hint: 'The last warning or event of the log says why they were not written',
      });
  }

  #gap(): void {
    if (this.#missed > 0) this.queue.keep(this.#line({ type: 'audit.gap', count: this.#missed }).line);
    this.#missed = 0;
  }

  /** Whether an entry must wait for a place in the queue. No other entry may come in between the answer and
   *  its use. */
  #isFull({ mode, queueLimit, whenFull }: Writing): boolean {
    this.check();
    if (mode === 'before' || this.queue.kept < queueLimit) return false;
    if (whenFull === 'block') return true;
    throw new ConfigError('audit_failed', `audit: ${queueLimit} entries wait for the disk`, {
      hint: "Set whenFull to 'block' to wait instead, or raise queueLimit",
    });
  }

  #write(
    fields: AuditFields,
    { mode }: Writing,
  ): { readonly id: string; readonly written: Promise<unknown> } {
    const { id, line } = this.#line(fields);
    if (mode === 'before') return { id, written: this.queue.add(line).catch(refuse) };
    this.queue.keep(line);
    return { id, written: Promise.resolve() };
  }

  #line({ type, actor = this.#actor, outcome = 'ok', ...rest }: AuditFields): { id: string; line: Buffer } {
    const now = this.#options.clock.now();
    const id = this.#ids.next(now);
    const entry: AuditEntry = { ...rest, id, time: new Date(now).toISOString(), type, actor, outcome };
    const line = lineOf(entry);
    if (line.length > maxLineBytes)
      throw new ConfigError('audit_failed', `audit: an entry of more than ${maxLineBytes} bytes is refused`);
    return { id, line };
  }
}

function refuse(error: unknown): never {
  if (isConfigError(error) && error.code === 'audit_failed') throw error;
  const why = isConfigError(error) ? `: ${error.message}` : '';
  throw new ConfigError('audit_failed', `audit: an entry was not written${why}`, { cause: error });
}
