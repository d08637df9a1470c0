// The second level in Redis: one script for each document and operation. Made by shared.ts, called by
// shelters. It may reject or answer late, because shelters then read the store. What it cannot read counts as
// not held.

import { ConfigError } from '../../errors.ts';
import { type Clock, later } from '../../shelter/clock.ts';
import type {
  AskedName,
  AskOptions,
  HeldContent,
  Invalidated,
  KeptContent,
  NotHeld,
  SecondLevel,
  SharedName,
  TicketedName,
} from '../../shelter/second-level.ts';
import type { SharedLedger } from '../../shelter/shared-ledger.ts';
import type { SharedPace } from '../../shelter/shared-pace.ts';
import { Commands } from './commands.ts';
import { type Connection, codeOf } from './connection.ts';
import { DataKeys, type DataKeysParts } from './data-keys.ts';
import { keyIdOf } from './envelope.ts';
import { RedisLedger } from './ledger.ts';
import { Messages } from './messages.ts';
import { type HashedName, hash, Names } from './names.ts';
import { RedisPace } from './pace.ts';
import * as scripts from './scripts.ts';
import { Unsent } from './unsent.ts';

export interface LevelParts extends Pick<DataKeysParts, 'sources' | 'notice'> {
  readonly connection: Connection;
  readonly domain: string;
  readonly prefix: string;
  readonly clock: Clock;
}

/** A ticket with its content. Or a new ticket, 1 if the reader has the lock, how long another has it, and what
 *  forbids writing. */
type AskReply = readonly [ticket: number, found: Buffer | number, waitMs: number, refused: Buffer];
type Watcher = (names: readonly Invalidated[] | undefined) => void;

/** A document that cannot be asked for just now. Any message about it is later. */
const unknown: NotHeld = { ticket: 1, mine: false, waitMs: 0 };
/** How long a content that cannot be opened yet lets a reader wait before it asks again. */
const keyWaitMs = 50;
/** Of the 25 milliseconds that a shelter gives an operation. */
const keepWaitMs = 15;
const maxTickets = 20_000;

export class RedisLevel implements SecondLevel {
  readonly #commands: Commands;
  readonly #names: Names;
  readonly #parts: LevelParts;
  readonly #channel: string;
  readonly #keys: DataKeys;
  readonly #messages: Messages;
  readonly #unsent: Unsent;
  readonly #watchers = new Set<Watcher>();
  /** The tickets that were given out for a document itself. Others come with a listing. */
  readonly #tickets = new Set<string>();
  #inUse = false;

  constructor(parts: LevelParts) {
    const { connection, domain, prefix, notice, clock } = parts;
    const lost = (): void => this.#notify(undefined);
    this.#parts = parts;
    this.#channel = `${prefix}:changes`;
    this.#names = new Names(prefix, domain, lost);
    this.#commands = new Commands({ connection, notice, clock });
    const id = hash('keys', domain);
    this.#keys = new DataKeys({
      commands: this.#commands,
      sources: parts.sources,
      redisKey: this.#names.key(id),
      channel: this.#channel,
      id,
      notice,
      clock,
    });
    this.#unsent = new Unsent((name) => this.#invalidate(name), clock);
    this.#messages = new Messages({
      connection,
      channel: this.#channel,
      clock,
      isInUse: () => this.#inUse,
      onLost: () => {
        this.#keys.changed();
        this.#unsent.send();
        lost();
      },
      onChanged: (changed, ticket) => {
        if (changed === id) this.#keys.changed();
        const name = this.#names.byId(changed);
        if (name) this.#notify([{ ...name, ticket }]);
      },
    });
  }

  async ask(names: readonly AskedName[], options: AskOptions): Promise<readonly (HeldContent | NotHeld)[]> {
    this.#keys.refresh();
    const [only] = names;
    if (only && names.length === 1) return [await this.#ask(only, options)];
    const answers = await Promise.allSettled(names.map((name) => this.#ask(name, options)));
    const isAnswered = ({ status }: { readonly status: string }): boolean => status === 'fulfilled';
    if (answers.length > 0 && !answers.some(isAnswered)) throw (answers[0] as PromiseRejectedResult).reason;
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : unknown));
  }

  async keep(contents: readonly KeptContent[]): Promise<readonly boolean[]> {
    if (!this.#commands.mayWrite) return contents.map(() => false);
    this.#keys.refresh();
    if (this.#keys.usable.length > 0 || !this.#keys.isExpected) return this.#keepAll(contents);
    // the lock is kept until the data key is known, so that one process asks the store
    const late = this.#keys.settled().then(() => this.#keepAll(contents));
    const notYet = new Promise<readonly boolean[]>((resolve) => {
      later(this.#parts.clock, keepWaitMs, () => resolve(contents.map(() => false)));
    });
    return Promise.race([late, notYet]);
  }

  async failed(names: readonly TicketedName[]): Promise<void> {
    await Promise.all(
      names.map(({ ticket, ...name }) => {
        const { key, view } = this.#names.of(name);
        this.#tickets.delete(ticketOf(key, view, ticket));
        return this.#commands.write(scripts.failed, [key], [view, String(ticket)]);
      }),
    );
  }

  async invalidate(names: readonly Omit<SharedName, 'view'>[]): Promise<void> {
    const results = names.map((name) => this.#unsent.add(this.#names.of({ ...name, view: '' })));
    await Promise.all(results);
  }

  watch(onInvalidated: Watcher): () => void {
    const watcher: Watcher = (names) => onInvalidated(names);
    this.#watchers.add(watcher);
    this.#messages.start();
    if (this.#commands.isReady()) this.#keys.refresh();
    return () => void this.#watchers.delete(watcher);
  }

  /** @throws ConfigError `unavailable` */
  async rotate(): Promise<void> {
    try {
      await this.#keys.rotate();
    } catch (error) {
      throw new ConfigError('unavailable', 'redis: the data key was not rotated', {
        cause: error,
        hint: 'Check that the server can be reached and written to, and the key. Then try again',
      });
    }
  }

  pace(name: string, processes: number): SharedPace {
    const id = `{${hash('pace', name)}}`;
    const keys = [this.#names.key(id), this.#names.key(`${id}:processes`)] as const;
    return new RedisPace(this.#commands, keys, processes);
  }

  ledger(name: string): SharedLedger {
    return new RedisLedger(this.#commands, (id) => this.#names.key(id), name);
  }

  close(): void {
    this.#messages.close();
    this.#unsent.close();
    this.#commands.close();
    this.#watchers.clear();
  }

  async #ask(asked: AskedName, { maxAgeMs, lockMs }: AskOptions): Promise<HeldContent | NotHeld> {
    const { key, view, binding } = this.#names.of(asked);
    const { seen = 0, waiting = 0 } = asked;
    const args = [view, `${maxAgeMs}`, `${lockMs}`];
    if (seen > 0 || waiting > 0) args.push(`${seen}`, `${waiting}`);
    const reply = await this.#commands.read(scripts.ask, [key], args);
    const [ticket, found, waitMs, refused] = reply as AskReply;
    if (typeof found === 'number') {
      if (refused.length > 0) this.#commands.refused(refused.toString());
      else this.#gave(ticketOf(key, view, ticket));
      return { ticket, mine: found === 1, waitMs };
    }
    const id = keyIdOf(found);
    const dataKey = id && this.#keys.named(id);
    if (dataKey === 'pending') return { ...(await this.#withoutContent(asked, 0)), waitMs: keyWaitMs };
    // of a key that was dropped
    if (id && !dataKey) return this.#withoutContent(asked, lockMs);
    const content = dataKey?.open(found, { binding, ticket }, this.#parts.clock.now());
    if (!content) this.#parts.notice('redis: a content was changed by others, so it is not used');
    this.#inUse = true;
    // the shelter counts an empty content as refused
    return { content: content ?? new Uint8Array(), ticket };
  }

  async #withoutContent(asked: AskedName, lockMs: number): Promise<NotHeld> {
    return (await this.#ask(asked, { maxAgeMs: 0, lockMs })) as NotHeld;
  }

  #gave(ticket: string): void {
    if (this.#tickets.size >= maxTickets) this.#tickets.clear();
    this.#tickets.add(ticket);
  }

  async #keepAll(contents: readonly KeptContent[]): Promise<readonly boolean[]> {
    const [current] = this.#keys.usable;
    if (current) return Promise.all(contents.map((content) => this.#keep(content)));
    await this.failed(contents);
    return contents.map(() => false);
  }

  async #keep(kept: KeptContent, isSecond = false): Promise<boolean> {
    const { content, lifeMs, revision, ticket, ...name } = kept;
    const { key, view, id, binding } = this.#names.of(name);
    const [current, previous] = this.#keys.usable;
    if (!current) return false;
    const own = ticketOf(key, view, ticket);
    const args = [
      view,
      String(ticket),
      current.seal(content, { binding, ticket }, this.#parts.clock.now() + lifeMs),
      String(lifeMs),
      this.#tickets.has(own) ? '1' : '0',
      this.#channel,
      id,
      current.mac(binding, revision),
      previous?.mac(binding, revision) ?? '',
      isSecond ? '1' : '',
    ];
    try {
      const reply = await this.#commands.write(scripts.keep, [key], args);
      if (reply !== 2) this.#tickets.delete(own);
      else {
        // another process has a newer key
        this.#keys.changed();
        await this.#keys.settled();
        return await this.#keep(kept, true);
      }
      return reply === 1;
    } catch (error) {
      if (moved.has(codeOf(error)) || !this.#commands.mayWrite) return false;
      throw error;
    }
  }

  async #invalidate({ key, id }: HashedName): Promise<void> {
    const refused = await this.#commands.write(scripts.invalidate, [key], ['', this.#channel, id]);
    if ((refused as Buffer).length > 0) throw new Error('Redis refuses to write');
  }

  #notify(names: readonly Invalidated[] | undefined): void {
    for (const watcher of [...this.#watchers]) watcher(names);
  }
}

const ticketOf = (key: string, view: string, ticket: number): string => `${key} ${view} ${ticket}`;

/** A cluster that moves documents between its nodes. */
const moved = new Set(['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN']);
