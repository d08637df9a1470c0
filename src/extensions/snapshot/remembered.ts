// `remembered`: a provider that can answer while its store is down, from an encrypted file. Reading is in
// reads.ts, the file in keeper.ts.

import { closeWithinMs, endsWithin, timeLeft } from '../../closing.ts';
import { type AnyProvider, decorate, innermost, methodsOf } from '../../decorators/decorate.ts';
import { refuseUnshared } from '../../decorators/unshared.ts';
import { ConfigError } from '../../errors.ts';
import type { Health } from '../../health.ts';
import { Emitter } from '../../internal/listeners.ts';
import { keyOf } from '../../key.ts';
import { type Living, register, retire } from '../../living.ts';
import type { Need } from '../../needs.ts';
import { newId, thread } from '../../operation.ts';
import {
  type ConfigProvider,
  checkProvider,
  type Decorated,
  type KeyStatus,
  type ListOptions,
  type WritableProvider,
} from '../../provider.ts';
import { setIn, toConfigError, versionsFrom } from '../../query.ts';
import { KeySources } from '../../sealing/key-sources.ts';
import { later } from '../../shelter/clock.ts';
import type { Key } from '../../value.ts';
import { Keeper, type SnapshotCounts } from './keeper.ts';
import { type RememberedOptions, type Settings, settingsOf } from './options.ts';
import { RememberedReads } from './reads.ts';
import { Recorder } from './recorder.ts';
import { Times } from './times.ts';

/** Counters of a remembered provider since it was created. */
export interface SnapshotStats {
  /** How many keys are remembered. */
  readonly keys: number;
  /** How old the newest answer in the file is. It grows while nothing is read or written. */
  readonly ageMs: number;
  /** Keys that were answered from the snapshot. */
  readonly answers: number;
  readonly writes: number;
  readonly failedWrites: number;
  /** Files that counted as none: edited, of another application, too old. */
  readonly refused: number;
}

/** What `remembered` returns: the abilities of the provider, events and counters. */
export type Remembered<P extends ConfigProvider> = Decorated<P> &
  Required<Pick<ConfigProvider, 'on' | 'close'>> & {
    stats(): SnapshotStats;
    /** Writes the file now, if something has changed: before a process is frozen or killed.
     *  @throws ConfigError if it cannot be written */
    save(): Promise<void>;
  };

/** Remembers what a provider has answered in an encrypted file, and answers from it while the store is down,
 *  so that the application can start. Only a transient failure is answered, never a reload, a poll or
 *  `renew`; only with what was read at most `maxStaleMs` ago; never with a lease or with what the store has
 *  denied since. A key that was never read stays an outage. Wraps one plain provider: everything that decides
 *  or combines goes outside.
 *  @example
 *  const vault = remembered(new VaultProvider({ path: 'acme/inference/' }), {
 *    keys: { file: '/etc/app/snapshot.key' },
 *    app: 'inference',
 *  });
 *  const chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), vault, defaults]);
 *  @throws ConfigError `invalid_option`
 *  @see sheltered keeps answers in memory. */
export function remembered<P extends ConfigProvider>(provider: P, options: RememberedOptions): Remembered<P> {
  checkProvider('remembered', provider);
  refuseUnshared('remembered', provider);
  const settings = settingsOf(provider, options);
  const release = claim(settings.file, provider);
  return new Remembering(provider, settings, release).provider as unknown as Remembered<P>;
}

class Remembering {
  readonly provider: ConfigProvider;
  readonly #inner: ConfigProvider;
  readonly #settings: Settings;
  readonly #keys: KeySources;
  readonly #keeper: Keeper;
  readonly #recorder: Recorder;
  readonly #reads: RememberedReads;
  readonly #emitter: Emitter;
  readonly #release: () => void;
  readonly #living: Living;
  readonly #times: Times;
  readonly #abort = new AbortController();
  #cancel: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(inner: ConfigProvider, settings: Settings, release: () => void) {
    const { name } = inner;
    this.#inner = inner;
    this.#settings = settings;
    this.#release = release;
    this.#times = new Times(settings.clock);
    this.#emitter = new Emitter(name, 'provider', () => this.#times.shown());
    this.#keys = new KeySources(settings.keys, 'remembered', settings.env);
    this.#keeper = new Keeper(name, settings, this.#keys, this.#times, this.#emitter);
    this.#recorder = new Recorder(inner, this.#keeper, this.#times, () => this.#startListing());
    this.#reads = new RememberedReads(
      inner,
      this.#keeper,
      this.#times,
      this.#emitter,
      settings.maxStaleMs,
      this.#recorder,
    );
    this.provider = this.#decorated();
    this.#living = livingSnapshot(this, this.#keeper.counts);
    register(this.provider, this.#living);
  }

  #decorated(): ConfigProvider {
    const inner = this.#inner as AnyProvider;
    const reads = this.#reads;
    const all = {
      get: reads.get.bind(reads),
      list: reads.list.bind(reads),
      getMany: reads.getMany.bind(reads),
      renew: reads.renew.bind(reads),
      known: reads.known.bind(reads),
      versions: ((key, more) => versionsFrom(inner, key, more)) as NonNullable<AnyProvider['versions']>,
      set: (async (key, value, more) => {
        const entry = await setIn(inner as ConfigProvider as WritableProvider, key, value, more);
        this.#recorder.written(keyOf(key), entry);
        return entry;
      }) as WritableProvider['set'],
      delete: (async (key, more) => {
        const existed = await (inner as ConfigProvider as WritableProvider).delete(key, more);
        this.#recorder.deleted(keyOf(key));
        return existed;
      }) as WritableProvider['delete'],
      health: (more?: Parameters<NonNullable<ConfigProvider['health']>>[0]) => this.#health(more),
    };
    const own = methodsOf(inner, Object.keys(all) as (keyof typeof all)[]);
    return decorate(
      inner,
      inner.name,
      {
        ...(Object.fromEntries(own.map((method) => [method, all[method]])) as Pick<
          typeof all,
          'get' | 'list'
        >),
        needs: async (
          wanted: Parameters<NonNullable<ConfigProvider['needs']>>[0],
        ): Promise<readonly Need[]> => [
          ...((await inner.needs?.(wanted)) ?? []),
          ...(await this.#keys.needs()),
        ],
        status: (key: Key) => this.#status(keyOf(key)),
        close: (more?: { readonly withinMs?: number }) => (this.#closing ??= this.#close(more?.withinMs)),
        stats: () => this.stats(),
        save: () => this.#keeper.save(),
      } as Parameters<typeof decorate>[2],
      { unshared: 'remembered', emitter: this.#emitter },
    );
  }

  #status(key: Key): KeyStatus | undefined {
    const status = this.#inner.status?.(key);
    const ageMs = this.#reads.ageOf(key);
    return ageMs === undefined ? status : { ...status, ageMs, stale: true };
  }

  async #health(more?: Parameters<NonNullable<ConfigProvider['health']>>[0]): Promise<Health> {
    const health = (await this.#inner.health?.(more)) as Health;
    if (health.status !== 'down') return health;
    await this.#keeper.read();
    const { keys, ageMs } = this.stats();
    if (keys === 0) return health;
    const why = `the snapshot has ${keys} keys, the newest read ${Math.round(ageMs / 1000)} s ago`;
    return { ...health, status: 'degraded', reason: health.reason ? `${health.reason}; ${why}` : why };
  }

  stats(): SnapshotStats {
    const { memory, counts, savedNewest } = this.#keeper;
    const ageMs = Math.max(0, Math.round(this.#times.now() - savedNewest));
    return { keys: memory.values, ageMs, ...counts };
  }

  /** Begins to list everything, once the store has answered. */
  #startListing(): void {
    const { everythingMs, clock } = this.#settings;
    if (everythingMs === undefined || this.#cancel || this.#closing) return;
    const list = (): void => {
      this.#cancel = later(clock, everythingMs, list);
      const options: ListOptions = {
        signal: this.#abort.signal,
        maxAgeMs: everythingMs / 2,
        [thread]: { operation: newId(), cause: 'poll' },
      };
      this.#reads.list('', options).catch((error: unknown) => {
        const { code, transient, message } = toConfigError(error, this.#inner.name);
        if (!transient && code !== 'aborted') this.#emitter.notice(message, code);
      });
    };
    this.#cancel = later(clock, 0, list);
  }

  async #close(withinMs: number = closeWithinMs): Promise<void> {
    const left = timeLeft(`${this.#inner.name}: close`, withinMs);
    this.#cancel?.();
    this.#cancel = () => undefined;
    this.#abort.abort();
    this.#release();
    await endsWithin(this.#keeper.close(left()), left());
    retire(this.#living);
    await this.#inner.close?.({ withinMs: left() });
  }
}

/** The providers whose answers are remembered, by file and name. */
const claimed = new Map<string, WeakRef<ConfigProvider>>();

/** Refuses a second provider of the same name in the same file: its keys would be taken for those of the
 *  first. */
function claim(file: string, provider: ConfigProvider): () => void {
  const id = `${file}\n${provider.name}`;
  const own = innermost(provider);
  const other = claimed.get(id)?.deref();
  if (other && other !== own)
    throw new ConfigError(
      'invalid_option',
      `remembered: another provider with the name ${provider.name} is remembered in ${file}`,
      { hint: 'Give the providers different names, or one of them another app' },
    );
  claimed.set(id, new WeakRef(own));
  return () => {
    if (claimed.get(id)?.deref() === own) claimed.delete(id);
  };
}

/** What the registry of the process reads. Holds the counts, and not the provider. */
function livingSnapshot(owner: Remembering, counts: SnapshotCounts): Living {
  const held = new WeakRef(owner);
  return {
    kind: 'snapshot',
    name: owner.provider.name,
    counters: () => ({ ...counts }),
    gauges: () => {
      const { keys, ageMs } = held.deref()?.stats() ?? {};
      return keys === undefined || ageMs === undefined ? undefined : { keys, ageMs };
    },
    largest: ['ageMs'],
  };
}
