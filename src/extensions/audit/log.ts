// AuditLog: a signed, append-only log of one process. Ties together the writer (files), the recorder
// (entries), the listeners and the publisher.

import path from 'node:path';
import process from 'node:process';
import { isConfigError } from '../../errors.ts';
import type { ConfigEvent } from '../../events.ts';
import { Listeners } from '../../internal/listeners.ts';
import type { AuditFields } from './entry.ts';
import { listenTo } from './events.ts';
import { deleteBefore } from './folder.ts';
import { lockUnlessOpen } from './held-lock.ts';
import { recordKey } from './key-history.ts';
import { type AuditLogOptions, type LogSettings, withDefaults } from './log-options.ts';
import { verifierText } from './note.ts';
import { OpenOperations } from './open-operations.ts';
import { Publisher } from './publisher.ts';
import { type AuditReceipt, Recorder } from './recorder.ts';
import { type AuditKey, type LogKey, logKeyOf } from './signer.ts';
import { Writer } from './writer.ts';

/** What `log.on` delivers. `checkpoint`: entries are on disk. `failed`: something that no caller waits for
 *  was not written or not published; it is tried again. */
export type AuditEvent =
  | {
      readonly type: 'checkpoint';
      readonly origin: string;
      readonly size: number;
      readonly checkpoint: string;
    }
  | { readonly type: 'failed'; readonly origin: string; readonly message: string; readonly waiting: number };

const dayMs = 86_400_000;

/** An append-only log of one process: what was handed over, to whom, and what was refused. Each batch of
 *  entries ends with a signed checkpoint that other people's verifiers accept. An entry is on disk before its
 *  caller continues.
 *  @example
 *  await using log = await AuditLog.open({
 *    directory: '/var/log/app/audit',
 *    origin: 'acme.example/inference',
 *    key: { file: '/etc/app/audit.pem' },
 *    publish: (checkpoint) => archive.put('audit-checkpoint', checkpoint),
 *  });
 *  const chain = new ProviderChain([store, defaults], { intercept: audited(log) });
 *  log.listen(chain);
 *  @see audited records operations; `llm-config audit verify` checks a log. */
export class AuditLog implements AsyncDisposable {
  /** ORIGIN/HOST/INSTANCE: the name of this log in its checkpoints. */
  readonly origin: string;
  /** @internal */
  readonly recorder: Recorder;
  /** @internal */
  readonly operations = new OpenOperations();
  readonly #writer: Writer;
  readonly #folder: string;
  readonly #options: LogSettings;
  readonly #listeners: Listeners<AuditEvent>;
  readonly #publisher: Publisher | undefined;
  readonly #subscriptions = new Set<Disposable>();
  #file: number;
  #warned: string | undefined;
  #closed: Promise<void> | undefined;

  private constructor(origin: string, folder: string, writer: Writer, options: LogSettings) {
    const { clock, publish, publishEveryMs } = options;
    this.origin = origin;
    this.#folder = folder;
    this.#writer = writer;
    this.#options = options;
    this.#file = writer.firstOfFile;
    this.#listeners = new Listeners(`audit ${origin}`);
    this.recorder = new Recorder({
      origin,
      clock,
      commit: (lines) => this.#commit(lines),
      onFailure: (error, kept) => this.#report('entries were not written', error, kept),
    });
    this.#publisher =
      publish &&
      new Publisher({
        publish,
        everyMs: publishEveryMs,
        clock,
        onFailure: (error) => this.#report('a checkpoint was not published', error, 0),
      });
  }

  /** Opens the log of this process, and cuts off what a crash left unacknowledged.
   *  @throws ConfigError `conflict` if another writer has it open; `crypto` if it was changed, or if
   *  another key has signed it; `io`, `unavailable` */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const settings = withDefaults(options);
    const { directory, host, instance, clock, maxFileBytes, signWithinMs } = settings;
    const folder = path.join(directory, host, instance);
    const origin = `${options.origin}/${host}/${instance}`;
    const key = await logKeyOf(options.key, signWithinMs);
    const previousKey = options.previousKey && (await logKeyOf(options.previousKey, signWithinMs));
    const now = (): number => clock.now();
    const writer = await Writer.open({ folder, origin, key, previousKey, maxFileBytes, now });
    const log = new AuditLog(origin, folder, writer, settings);
    try {
      if (writer.isOfEarlierKey) await log.#adoptKey(key);
      else await log.#recordKey(key);
    } catch (error) {
      await writer.close();
      throw error;
    }
    await log.#deleteOld();
    if (log.size > 0) log.#publisher?.offer(log.checkpoint); // a crash may have come before that
    return log;
  }

  /** The public key of all logs of ORIGIN that this key signs, for `llm-config audit verify --key`. Other
   *  verifiers take the key of one log from its `keys.json`. */
  get verifier(): string {
    return verifierText(this.#writer.key.verifier(this.#options.origin));
  }

  /** The newest signed checkpoint: a C2SP signed note. Keep it elsewhere. */
  get checkpoint(): string {
    return this.#writer.note;
  }

  /** How many entries are on disk. */
  get size(): number {
    return this.#writer.size;
  }

  /** How many bytes of unacknowledged entries opening has cut off. */
  get cutBytes(): number {
    return this.#writer.cutBytes;
  }

  /** Appends an entry. Resolves when it is on disk.
   *  @throws ConfigError `audit_failed`
   *  @example
   *  await log.append({ type: 'secret.rotated', actor: 'rotation', key: 'db.password', version: '8' }); */
  append(fields: AuditFields): Promise<AuditReceipt> {
    return this.recorder.append(fields);
  }

  /** Records the events of a chain, a provider or a configuration: log-ins, rotations, denials, policies,
   *  health. Ends when the result is disposed of, or with the log. */
  listen(source: { on(listener: (event: ConfigEvent) => void): Disposable }): Disposable {
    this.recorder.check();
    const subscription = listenTo(source, this);
    this.#subscriptions.add(subscription);
    return {
      [Symbol.dispose]: () => {
        this.#subscriptions.delete(subscription);
        subscription[Symbol.dispose]();
      },
    };
  }

  /** Calls `listener` for each checkpoint and each failure that no caller waits for, until disposed.
   *  Without a listener, failures are warnings of the process. */
  on(listener: (event: AuditEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** Signs with another key from now on. The change is an entry, and both keys sign its checkpoint. */
  async changeKey(key: AuditKey): Promise<void> {
    this.recorder.check();
    await this.#adoptKey(await logKeyOf(key, this.#options.signWithinMs));
  }

  /** Writes what is counted and what waits, publishes the last checkpoint, and closes the files. Idempotent.
   *  @throws ConfigError `audit_failed` if entries are lost */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    try {
      await this.recorder.close();
    } finally {
      await this.#publisher?.close();
      await this.#writer.close();
    }
  }

  async #commit(lines: readonly Buffer[]): Promise<number> {
    const first = await this.#writer.commit(lines);
    this.#written();
    return first;
  }

  /** Called when a batch is on disk. */
  #written(): void {
    const { origin, size, checkpoint } = this;
    this.#warned = undefined;
    this.#publisher?.offer(checkpoint);
    if (this.#listeners.size > 0) this.#listeners.notify({ type: 'checkpoint', origin, size, checkpoint });
    if (this.#writer.firstOfFile === this.#file) return;
    this.#file = this.#writer.firstOfFile;
    void this.#deleteOld();
  }

  async #adoptKey(key: LogKey): Promise<void> {
    const verifier = key.verifier(this.origin);
    await this.recorder.changeKey(verifierText(verifier), async (lines) => {
      await this.#recordKey(key); // first, so that a verifier finds the key of what is written next
      const index = await this.#writer.commit(lines, [this.#writer.key, key]);
      this.#writer.key = key;
      this.#written();
      return index;
    });
  }

  async #recordKey(key: LogKey): Promise<void> {
    const time = new Date(this.#options.clock.now()).toISOString();
    await recordKey(this.#folder, key.verifier(this.origin), { size: this.size, time });
  }

  /** Deletes files that are older than `keepDays`. A failure must not keep a process from starting. */
  async #deleteOld(): Promise<void> {
    const { directory, keepDays, clock } = this.#options;
    if (keepDays === undefined) return;
    const lock = async (folder: string) => (folder === this.#folder ? undefined : lockUnlessOpen(folder));
    try {
      await deleteBefore(directory, clock.now() - keepDays * dayMs, lock);
    } catch (error) {
      this.#report('old files were not deleted', error, 0);
    }
  }

  /** Reports a failure that no caller waits for. A warning is not repeated until a batch has been written. */
  #report(what: string, error: unknown, waiting: number): void {
    const why = isConfigError(error) ? `: ${error.message}` : '';
    const message = `audit ${this.origin}: ${what}${why}`;
    if (this.#listeners.size > 0)
      this.#listeners.notify({ type: 'failed', origin: this.origin, message, waiting });
    else if (this.#warned !== message)
      process.emitWarning(message, { type: 'ConfigWarning', code: 'LLM_CONFIG_AUDIT_FAILED' });
    this.#warned = message;
  }
}
