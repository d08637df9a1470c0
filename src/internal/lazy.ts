// Loading on first use: `lazy` for anything, `lazyModule` for what a load imports, `peer` for optional
// packages.

import { ConfigError } from '../errors.ts';
import type { Wait } from '../turns.ts';

/** Runs `make` on first use and keeps its result. A failure is not kept: the next use tries again.
 *  @example
 *  const pool = lazy(async () => connect(await chain.require('database.url')));
 *  await (await pool()).query('SELECT 1'); */
// The mark lets bundlers drop an unused result, and with it the module that `make` would import. esbuild
// heeds it only in the same file of the package: what index.js has of its own marks its calls.
// @__NO_SIDE_EFFECTS__
export function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= make().catch((error: unknown) => {
      pending = undefined;
      throw error;
    });
    return pending;
  };
}

/** A module that is imported on first use, which takes time. */
export interface LazyModule<T> extends Wait<T> {
  readonly later: () => Promise<T>;
  /** Makes it known without waiting. */
  provide(module: T): void;
}

/** A module of ours that `loadConfigSync` imports at once, and everything else on first use. */
// @__NO_SIDE_EFFECTS__
export function lazyModule<T>(load: () => Promise<T>): LazyModule<T> {
  let now: (() => T) | undefined;
  return {
    later: lazy(load),
    get now() {
      return now;
    },
    provide: (module) => {
      now = () => module;
    },
  };
}

/** Loads an optional package on first use. The error says how to install a missing one. */
export async function peer<T>(owner: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const what = missing ? 'is not installed' : 'cannot be loaded';
    throw new ConfigError('missing_dependency', `${owner}: the package ${name} ${what}`, {
      provider: owner,
      ...(!missing && { cause: error }),
      hint: `Run: npm install ${name}`,
    });
  }
}
