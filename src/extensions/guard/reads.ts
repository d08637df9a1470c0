// How a guarded provider reads. Made by guarded.ts. With `hole` the provider is asked first, and what it has
// is decided about; with `refuse` and `omit` the decision comes before everything, so that it shows nothing
// of what exists.

import type { Entry, Unreadable } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import { keyOf } from '../../key.ts';
import { layerOf, layersOf, listFrom } from '../../listing.ts';
import { thread } from '../../operation.ts';
import type {
  ConfigProvider,
  Known,
  Layer,
  ListOptions,
  ReadOptions,
  VersionedProvider,
  VersionedRead,
  VersionInfo,
  VersionsOptions,
} from '../../provider.ts';
import {
  getFrom,
  knownIn,
  manyFrom,
  type Notice,
  type Results,
  renewIn,
  toConfigError,
  versionsFrom,
} from '../../query.ts';
import { isTree, type Key } from '../../value.ts';
import { acquired } from './acquired.ts';
import { cutItems, itemsOf } from './cut.ts';
import { Denials, type Denied, holeAt } from './denials.ts';
import { exactLayers, mergedItems } from './exact.ts';
import { EntryFacts } from './facts.ts';
import { type Asking, type Judge, needed, passes } from './judge.ts';
import { type Action, type Decision, isPending } from './policy.ts';

type Result = Entry | undefined | ConfigError;

const absent: Known = Object.freeze({ entry: undefined });

/** What a section is denied with that a foreign provider returns for one key: its leaves are not decided. */
const section: Decision = { allow: false, rule: 'a section is read leaf by leaf' };

export class GuardedReads {
  readonly #inner: ConfigProvider;
  readonly #judge: Judge;
  readonly #denied: Denied;
  readonly #notice: Notice;

  constructor(inner: ConfigProvider, judge: Judge, denied: Denied, notice: Notice) {
    this.#inner = inner;
    this.#judge = judge;
    this.#denied = denied;
    this.#notice = notice;
  }

  get(spelling: Key, options?: VersionedRead): Promise<Entry | undefined> {
    return this.#read(spelling, options, false, (key) => getFrom(this.#inner, key, options));
  }

  /** Reads past the cache, so it is decided before the request. */
  renew(spelling: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#read(spelling, options, true, (key) => renewIn(this.#inner, key, options));
  }

  /** The same as `get` without options, if neither the provider nor the policy needs to wait. */
  known(key: Key, peek?: boolean): Known | undefined {
    const known = knownIn(this.#inner, key, true);
    if (!known || (known.entry && isTree(known.entry.value))) return undefined;
    const asking = this.#judge.asking(undefined);
    const allows = (entry?: Entry): boolean => {
      const decision = this.#judge.decide(asking, 'read', key, entry && new EntryFacts(entry));
      return !isPending(decision) && decision.allow;
    };
    if (this.#decidesBefore(key) && !allows()) return undefined;
    if (known.entry && !allows(known.entry)) return undefined;
    if (!peek) knownIn(this.#inner, key);
    return known.entry ? known : absent;
  }

  async getMany(spellings: readonly Key[], options?: ReadOptions): Promise<Results> {
    const keys = spellings.map(keyOf);
    const asking = this.#judge.asking(options);
    const results = new Map<Key, Result>(keys.map((key) => [key, undefined]));
    const refused = async (key: Key, entry?: Entry): Promise<boolean> => {
      const refusal = await this.#refusal(asking, 'read', key, entry);
      if (refusal) results.set(key, this.#denied === 'omit' ? undefined : refusal);
      return refusal !== undefined;
    };
    const isRefused = await Promise.all(keys.map((key) => this.#decidesBefore(key) && refused(key)));
    const asked = keys.filter((_, i) => !isRefused[i]);
    const found = await manyFrom(this.#inner, asked, options).catch((thrown: unknown) =>
      this.#fail(asking, asked, thrown),
    );
    await Promise.all(
      asked.map(async (key) => {
        const result = found.get(key);
        if (result === undefined) return;
        if (!(result instanceof Error)) {
          if (!(await refused(key, result))) results.set(key, result);
        } else if (passes(result)) results.set(key, await this.#shown(asking, [key], result));
        else if (!(await refused(key))) results.set(key, result);
      }),
    );
    return results;
  }

  async list(spelling: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const prefix = keyOf(spelling);
    // a chain binds loose names to the wanted keys, and its merged items do not show that the name was loose
    if (options?.wanted && this.#inner.layers)
      return mergedItems(await this.layers(prefix, options), prefix, options.wanted);
    const ask = async (at: Key, more: ListOptions | undefined): Promise<readonly Layer[]> => [
      layerOf(this.#inner.name, await listFrom(this.#inner, at, more, this.#notice)),
    ];
    const [layer] = await this.#listed(prefix, options, ask);
    return itemsOf(layer as Layer);
  }

  async layers(spelling: Key = '', options?: ListOptions): Promise<readonly Layer[]> {
    const ask = (at: Key, more: ListOptions | undefined): Promise<readonly Layer[]> =>
      layersOf(this.#inner, at, more, this.#notice);
    return this.#listed(keyOf(spelling), options, ask);
  }

  async versions(spelling: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]> {
    const key = keyOf(spelling);
    const asking = this.#judge.asking(options);
    const inner = this.#inner as VersionedProvider;
    if (this.#decidesBefore(key)) {
      const refusal = await this.#refusal(asking, 'read', key);
      if (refusal) return this.#hidden(refusal) ?? [];
    }
    const versions = await versionsFrom(inner, key, options).catch((thrown: unknown) =>
      this.#fail(asking, [key], thrown),
    );
    if (versions.length === 0) return versions;
    const { limit: _, ...read } = options ?? {};
    const current = await getFrom(inner, key, read).catch(() => undefined);
    const refusal = await this.#refusal(asking, 'read', key, current);
    return refusal ? (this.#hidden(refusal) ?? []) : versions;
  }

  /** Whether the decision about a key comes before the provider is asked. Reading a lease creates it. */
  #decidesBefore(key: Key): boolean {
    return this.#denied !== 'hole' || this.#inner.leasedAt?.(key) !== undefined;
  }

  /** `undefined` where a refused caller sees nothing; else throws. */
  #hidden(refusal: ConfigError): undefined {
    if (this.#denied !== 'omit') throw refusal;
  }

  /** The error of a denial, which is emitted. */
  async #refusal(
    asking: Asking | undefined,
    action: Action,
    key: Key,
    entry?: Entry,
  ): Promise<ConfigError | undefined> {
    const startedAt = performance.now();
    const decision =
      entry && isTree(entry.value)
        ? section
        : await this.#judge.decide(asking, action, key, entry && new EntryFacts(entry));
    this.#judge.took(startedAt);
    if (decision.allow) return undefined;
    this.#judge.denied(asking, key);
    return this.#judge.error(action, key, decision);
  }

  /** An error of the provider, for a caller that may read all keys that it is about; else its code alone. */
  async #shown(asking: Asking | undefined, keys: readonly Key[], error: ConfigError): Promise<ConfigError> {
    const decided = await Promise.all(keys.map((key) => this.#judge.decide(asking, 'read', key)));
    return decided.every(({ allow }) => allow) ? error : this.#judge.concealed(error);
  }

  async #fail(asking: Asking | undefined, keys: readonly Key[], thrown: unknown): Promise<never> {
    throw await this.#shown(asking, keys, toConfigError(thrown, this.#inner.name));
  }

  async #read(
    spelling: Key,
    options: ReadOptions | undefined,
    before: boolean,
    ask: (key: Key) => Promise<Entry | undefined>,
  ): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    const asking = this.#judge.asking(options);
    const refusal = (entry?: Entry): Promise<ConfigError | undefined> =>
      this.#refusal(asking, 'read', key, entry);
    if (before || this.#decidesBefore(key)) {
      const refused = await refusal();
      if (refused) return this.#hidden(refused);
    }
    let entry: Entry | undefined;
    try {
      entry = await ask(key);
    } catch (thrown) {
      const error = toConfigError(thrown, this.#inner.name, key);
      if (passes(error)) throw await this.#shown(asking, [key], error);
      const refused = await refusal();
      if (refused) return this.#hidden(refused);
      throw error;
    }
    if (!entry) return undefined;
    const refused = await refusal(entry);
    return refused ? this.#hidden(refused) : entry;
  }

  async #listed(
    prefix: Key,
    options: ListOptions | undefined,
    ask: (at: Key, options: ListOptions | undefined) => Promise<readonly Layer[]>,
  ): Promise<readonly Layer[]> {
    const asking = this.#judge.asking(options);
    const { keys, prefixes } = options?.wanted ?? { keys: [], prefixes: [prefix] };
    const about = [...keys, ...prefixes];
    const mayRead = async (key: Key): Promise<boolean> =>
      (await this.#judge.decideAll(asking, needed(options), key)).allow;
    const listing = options?.acquire ? acquired(prefix, options, ask, mayRead) : ask(prefix, options);
    const listed = await listing.catch((thrown: unknown) => this.#fail(asking, about, thrown));
    const { layers, names, bound } = exactLayers(listed, prefix, options?.wanted);
    const refused = this.#denied === 'refuse' ? await this.#refusedKeys(asking, options) : [];
    const actions = needed(options);
    let isDenied = refused.length > 0;
    const cut = layers.map(async (given, i): Promise<Layer> => {
      const { error, tolerated } = given;
      if (error) return { ...given, error: await this.#shown(asking, about, error) };
      const layer = tolerated ? { ...given, tolerated: await this.#shown(asking, about, tolerated) } : given;
      const startedAt = performance.now();
      const denied = new Denials(this.#judge, this.#denied, prefix, options, names);
      const items = await cutItems(
        itemsOf(layer),
        bound,
        (key, entry) => this.#decideItem(asking, key, entry, actions),
        denied.replace,
        () => this.#judge.took(startedAt),
      );
      isDenied ||= denied.some;
      const holes = i === 0 ? [...refused, ...denied.sections()] : denied.sections();
      const own = layerOf(layer.name, items);
      const known = new Set(holes.length > 0 ? own.holes.map(({ key }) => key) : []);
      const more = holes.filter(({ key }) => !known.has(key));
      return { ...layer, ...own, holes: more.length > 0 ? [...own.holes, ...more] : own.holes };
    });
    const all = await Promise.all(cut);
    if (isDenied && options?.[thread]?.cause !== 'hint') this.#judge.denied(asking, prefix);
    return all;
  }

  #decideItem(
    asking: Asking | undefined,
    key: Key,
    entry: EntryFacts | undefined,
    actions: readonly Action[],
  ): Decision | Promise<Decision> {
    if (this.#denied === 'hole' || entry === undefined)
      return this.#judge.decideAll(asking, actions, key, entry);
    const after = (first: Decision): Decision | Promise<Decision> =>
      first.allow ? this.#judge.decideAll(asking, actions, key, entry) : first;
    const before = this.#judge.decideAll(asking, actions, key);
    return isPending(before) ? before.then(after) : after(before);
  }

  /** Holes for the wanted keys that are denied, whether or not they exist. */
  async #refusedKeys(
    asking: Asking | undefined,
    options: ListOptions | undefined,
  ): Promise<readonly Unreadable[]> {
    if (options?.[thread]?.cause === 'hint') return [];
    const actions = needed(options);
    const keys = options?.wanted?.keys ?? [];
    const decided = await Promise.all(keys.map((key) => this.#judge.decideAll(asking, actions, key)));
    return keys.flatMap((key, i) => {
      const decision = decided[i] as Decision;
      return decision.allow ? [] : [holeAt(this.#judge, key, decision)];
    });
  }
}
