// Resources made from a section of a configuration: pools, clients, loggers. `config.use` makes them and
// keeps one up to date across changes: the new one is made first, then it replaces the old one, which is
// disposed of when nothing uses it. A resource that cannot be made again stays, and is tried again.

import { endsWithin } from '../closing.ts';
import { ConfigError } from '../errors.ts';
import type { Quotes } from '../internal/thrown.ts';
import { reveal } from '../reveal.ts';
import type { ViewedConfig } from './view.ts';

const [firstPauseMs, maxPauseMs] = [1_000, 60_000];

/** Makes a resource from a section. The section is a copy with secrets, which the resource may keep and
 *  change. */
export type MakeResource<S, R> = (
  section: S,
  options: {
    /** Aborts when the resource is disposed of, also while it is being made. */
    readonly signal: AbortSignal;
  },
) => R | Promise<R>;

/** Ends a resource. May wait until its own work is done, as the `end` of a pool does. */
export type DisposeResource<R> = (resource: R) => unknown;

/** A resource that follows a section of a configuration. Made by `config.use`. */
export interface Resource<R> extends AsyncDisposable {
  /** The resource of the newest section that one could be made from. Read it for each use: it is replaced. */
  readonly current: R;
  /** Calls `work` with the resource, which is not disposed of before the work has ended.
   *  @example
   *  await pool.run((pool) => pool.query('SELECT 1')); */
  run<W>(work: (resource: R) => W | Promise<W>): Promise<W>;
}

/** What resources need of their configuration. */
export interface ResourceOwner extends Pick<ViewedConfig, 'find' | 'subscribe'> {
  /** Whether a text quotes a secret that the current generation has at a path. Stays true of that
   *  generation. */
  quotes(path: string): Quotes;
  /** Reports what failed at a path, and the error, whose message must not be printed if it `quotes`. */
  report(path: string, what: string, error: unknown, quotes: Quotes): void;
}

/** A resource in use, and the number of its users. */
class Used<R> {
  readonly resource: R;
  /** Finds the secrets that it was made of. */
  readonly quotes: Quotes;
  #users = 0;
  #whenIdle: (() => void) | undefined;

  constructor(resource: R, quotes: Quotes) {
    this.resource = resource;
    this.quotes = quotes;
  }

  async run<W>(work: (resource: R) => W | Promise<W>): Promise<W> {
    this.#users++;
    try {
      return await work(this.resource);
    } finally {
      if (--this.#users === 0) this.#whenIdle?.();
    }
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#users === 0) resolve();
      else this.#whenIdle = resolve;
    });
  }
}

/** A resource, whatever it is made of. */
interface Following extends AsyncDisposable {
  readonly key: string;
  settled(): Promise<boolean>;
}

/** Makes a resource, and makes it again after changes, one at a time. */
class FollowingResource<S, R> implements Resource<R> {
  readonly #owner: ResourceOwner;
  readonly key: string;
  readonly #make: MakeResource<S, R>;
  readonly #dispose: DisposeResource<R>;
  readonly #all: Set<Following>;
  readonly #stop = new AbortController();
  readonly #draining = new Set<Promise<void>>();
  #subscription: Disposable | undefined;
  #used: Used<R> | undefined;
  #making: Promise<void> | undefined;
  #isOutdated = false;
  /** Whether the last attempt to make it again has failed. */
  #hasFailed = false;
  #retrying: NodeJS.Timeout | undefined;
  #pauseMs = firstPauseMs;
  #disposed: Promise<void> | undefined;

  /** `all`: the set to which it belongs until it is disposed of. */
  constructor(
    owner: ResourceOwner,
    key: string,
    make: MakeResource<S, R>,
    dispose: DisposeResource<R> = disposeItself,
    all: Set<Following>,
  ) {
    this.#owner = owner;
    this.key = key;
    this.#make = make;
    this.#dispose = dispose;
    this.#all = all;
  }

  /** False if it could not be made from its current section. Waits while it is being made. */
  async settled(): Promise<boolean> {
    while (this.#making) await this.#making.catch(() => undefined);
    return !this.#hasFailed;
  }

  /** Makes the first one. Throws what `make` throws. */
  async start(): Promise<this> {
    this.#all.add(this);
    // before the section is read, so that no change is missed
    this.#subscription = this.#owner.subscribe(this.key, () => this.#changed());
    const { section, quotes } = this.#read();
    this.#making = this.#replace(section, quotes);
    try {
      await this.#making;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    this.#making = undefined;
    if (this.#isOutdated) this.#changed();
    return this;
  }

  get current(): R {
    return this.#current().resource;
  }

  async run<W>(work: (resource: R) => W | Promise<W>): Promise<W> {
    return this.#current().run(work);
  }

  #current(): Used<R> {
    if (this.#disposed || !this.#used)
      throw new ConfigError('aborted', `the resource for "${this.key}" is disposed of`, { key: this.key });
    return this.#used;
  }

  #changed(): void {
    this.#isOutdated = true;
    if (this.#disposed || this.#making) return;
    clearTimeout(this.#retrying);
    this.#making = this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    while (this.#isOutdated && !this.#disposed) {
      this.#isOutdated = false;
      const { section, quotes } = this.#read();
      try {
        await this.#replace(section, quotes);
        this.#pauseMs = firstPauseMs;
        this.#hasFailed = false;
      } catch (error) {
        if (this.#disposed) break;
        this.#hasFailed = true;
        this.#report('could not be made again, and the earlier one stays in use', error, quotes);
        if (!this.#isOutdated) this.#retry();
      }
    }
    this.#making = undefined; // in the same turn as the last look at `#isOutdated`
  }

  #read(): { readonly section: S; readonly quotes: Quotes } {
    return { section: reveal(this.#owner.find(this.key)) as S, quotes: this.#owner.quotes(this.key) };
  }

  #report(what: string, error: unknown, quotes: Quotes): void {
    this.#owner.report(this.key, `the resource for "${this.key}" ${what}:`, error, quotes);
  }

  #retry(): void {
    this.#retrying = setTimeout(() => this.#changed(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs * 2);
  }

  async #replace(section: S, quotes: Quotes): Promise<void> {
    const resource = await this.#make(section, { signal: this.#stop.signal });
    const before = this.#used;
    this.#used = new Used(resource, quotes);
    if (before && before.resource !== resource) this.#drain(before);
  }

  #drain(used: Used<R>): void {
    const draining = this.#end(used).finally(() => this.#draining.delete(draining));
    this.#draining.add(draining);
  }

  async #end(used: Used<R>): Promise<void> {
    await used.idle();
    try {
      await this.#dispose(used.resource);
    } catch (error) {
      this.#report('could not be disposed of', error, used.quotes);
    }
  }

  /** Ends the resource after its last use. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#endAll();
    return this.#disposed;
  }

  async #endAll(): Promise<void> {
    this.#all.delete(this);
    this.#subscription?.[Symbol.dispose]();
    clearTimeout(this.#retrying);
    this.#stop.abort();
    await this.#making?.catch(() => undefined);
    if (this.#used) this.#drain(this.#used);
    await Promise.all(this.#draining);
  }
}

async function disposeItself(resource: unknown): Promise<void> {
  const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose } = Object(resource) as Partial<
    AsyncDisposable & Disposable
  >;
  if (disposeAsync) await disposeAsync.call(resource as AsyncDisposable);
  else dispose?.call(resource as Disposable);
}

/** The resources of a configuration. Closing it disposes of all of them. */
export class Resources {
  readonly #owner: ResourceOwner;
  readonly #all = new Set<Following>();

  constructor(owner: ResourceOwner) {
    this.#owner = owner;
  }

  /** Makes a resource. Throws what `make` throws the first time. */
  add<S, R>(
    key: string,
    make: MakeResource<S, R>,
    dispose: DisposeResource<R> | undefined,
  ): Promise<Resource<R>> {
    checkFunctions(make, dispose);
    return new FollowingResource(this.#owner, key, make, dispose, this.#all).start();
  }

  /** The sections of which no resource could be made. Waits while any is being made. */
  async failing(): Promise<readonly string[]> {
    const all = [...this.#all];
    const settled = await Promise.all(all.map((resource) => resource.settled()));
    return all.flatMap(({ key }, n) => (settled[n] ? [] : [key]));
  }

  /** Ends all of them. False if that takes longer than `withinMs`. */
  close(withinMs: number | undefined): Promise<boolean> {
    const ended = Promise.all(Array.from(this.#all, (resource) => resource[Symbol.asyncDispose]()));
    return endsWithin(ended, withinMs);
  }
}

function checkFunctions(make: unknown, dispose: unknown): void {
  if (typeof make !== 'function' || (dispose !== undefined && typeof dispose !== 'function'))
    throw new ConfigError(
      'invalid_option',
      'use: the second argument makes a resource, the third disposes of it',
      {
        hint: "Pass functions: use('database', (options) => new Pool(options), (pool) => pool.end())",
      },
    );
}
