// Resources made from a section of a configuration: pools, clients, loggers. `config.use` makes them and
// keeps one up to date across changes: the new one is made first, then it replaces the old one, which is
// disposed of when nothing uses it. A resource that cannot be made again stays, and is tried again.

import { endsWithin } from '../closing.ts';
import { ConfigError } from '../errors.ts';
import { reveal } from '../reveal.ts';
import type { ViewedConfig } from './view.ts';

const [firstPauseMs, maxPauseMs] = [1_000, 60_000];

/** Makes a resource from a section. The section is a copy with secrets, which the resource may keep and
 *  change. */
export type MakeResource<S, R> = (
  section: S,
  options: {
    /** Aborts when the resource is no longer wanted. */
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

/** What a resource needs of its configuration. */
interface Owner<S> {
  readonly key: string;
  section(): S;
  /** Calls back after each change of the section. */
  subscribe(changed: () => void): Disposable;
  /** Reports what failed, and the error. */
  report(what: string, error: unknown): void;
}

/** A resource in use, and the number of its users. */
class Held<R> {
  readonly resource: R;
  #users = 0;
  #whenIdle: (() => void) | undefined;

  constructor(resource: R) {
    this.resource = resource;
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

/** Makes a resource, and makes it again after changes, one at a time. */
export class FollowingResource<S, R> implements Resource<R> {
  readonly #owner: Owner<S>;
  readonly #make: MakeResource<S, R>;
  readonly #dispose: DisposeResource<R>;
  readonly #all: Set<AsyncDisposable>;
  readonly #stop = new AbortController();
  readonly #draining = new Set<Promise<void>>();
  #subscription: Disposable | undefined;
  #held: Held<R> | undefined;
  #isMaking: Promise<void> | undefined;
  #isOutdated = false;
  #retrying: NodeJS.Timeout | undefined;
  #pauseMs = firstPauseMs;
  #disposed: Promise<void> | undefined;

  /** `all`: the set to which it belongs until it is disposed of. */
  constructor(
    owner: Owner<S>,
    make: MakeResource<S, R>,
    dispose: DisposeResource<R> = disposeItself,
    all: Set<AsyncDisposable> = new Set(),
  ) {
    this.#owner = owner;
    this.#make = make;
    this.#dispose = dispose;
    this.#all = all;
  }

  /** Makes the first one. Throws what `make` throws. */
  async start(): Promise<this> {
    this.#all.add(this);
    // before the section is read, so that no change is missed
    this.#subscription = this.#owner.subscribe(() => this.#changed());
    this.#isMaking = this.#replace().finally(() => {
      this.#isMaking = undefined;
    });
    try {
      await this.#isMaking;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    if (this.#isOutdated) this.#changed();
    return this;
  }

  get current(): R {
    return this.#current().resource;
  }

  async run<W>(work: (resource: R) => W | Promise<W>): Promise<W> {
    return this.#current().run(work);
  }

  #current(): Held<R> {
    if (this.#disposed || !this.#held)
      throw new ConfigError('aborted', `the resource for "${this.#owner.key}" is disposed of`, {
        key: this.#owner.key,
      });
    return this.#held;
  }

  #changed(): void {
    this.#isOutdated = true;
    if (this.#disposed || this.#isMaking) return;
    clearTimeout(this.#retrying);
    this.#isMaking = this.#catchUp().finally(() => {
      this.#isMaking = undefined;
    });
  }

  async #catchUp(): Promise<void> {
    while (this.#isOutdated && !this.#disposed) {
      this.#isOutdated = false;
      try {
        await this.#replace();
        this.#pauseMs = firstPauseMs;
      } catch (error) {
        if (this.#disposed) return;
        const { key } = this.#owner;
        this.#owner.report(
          `the resource for "${key}" could not be made again, and the earlier one stays in use:`,
          error,
        );
        if (!this.#isOutdated) this.#retry();
        return;
      }
    }
  }

  #retry(): void {
    this.#retrying = setTimeout(() => this.#changed(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs * 2);
  }

  async #replace(): Promise<void> {
    const resource = await this.#make(this.#owner.section(), { signal: this.#stop.signal });
    const before = this.#held;
    this.#held = new Held(resource);
    if (before && before.resource !== resource) this.#drain(before);
  }

  #drain(held: Held<R>): void {
    const draining = this.#end(held).finally(() => this.#draining.delete(draining));
    this.#draining.add(draining);
  }

  async #end(held: Held<R>): Promise<void> {
    await held.idle();
    try {
      await this.#dispose(held.resource);
    } catch (error) {
      this.#owner.report(`an earlier resource for "${this.#owner.key}" could not be disposed of:`, error);
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
    await this.#isMaking?.catch(() => undefined);
    if (this.#held) this.#drain(this.#held);
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
  readonly #config: ViewedConfig;
  readonly #report: (key: string, what: string, error: unknown) => void;
  readonly #all = new Set<AsyncDisposable>();

  /** `report` gets the key of a resource, what failed, and the error. */
  constructor(config: ViewedConfig, report: (key: string, what: string, error: unknown) => void) {
    this.#config = config;
    this.#report = report;
  }

  /** Makes a resource. Throws what `make` throws the first time. */
  add<S, R>(
    key: string,
    make: MakeResource<S, R>,
    dispose: DisposeResource<R> | undefined,
  ): Promise<Resource<R>> {
    checkFunctions(make, dispose);
    const owner: Owner<S> = {
      key,
      section: () => reveal(this.#config.find(key)) as S,
      subscribe: (changed) => this.#config.subscribe(key, changed),
      report: (what, error) => this.#report(key, what, error),
    };
    return new FollowingResource(owner, make, dispose, this.#all).start();
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
