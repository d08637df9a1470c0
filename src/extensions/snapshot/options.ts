// The options of `remembered`, checked and with their defaults. Used by remembered.ts. An option that is
// undefined has its default.

import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { innermost } from '../../decorators/decorate.ts';
import { ConfigError } from '../../errors.ts';
import {
  aBoolean,
  aNumber,
  anObject,
  anything,
  aString,
  type Check,
  checkOptions,
  either,
  oneOf,
} from '../../internal/options.ts';
import type { ConfigProvider } from '../../provider.ts';
import type { KeySource } from '../../sealing/key-sources.ts';
import { aClock, type Clock, steadied, systemClock } from '../../shelter/clock.ts';

/** The options of `remembered`. */
export interface RememberedOptions {
  /** The key of the file; several during a rotation, of which the first encrypts. It must not come from the
   *  store that may be down. */
  readonly keys: KeySource | readonly KeySource[];
  /** The name of the application. Processes with the same one share a file, so they must have the same
   *  rights. */
  readonly app: string;
  /** Separates the files of tenants. @default none */
  readonly tenant?: string;
  /** The maximum age of an answer. It counts from when the store was read. @default 3_600_000 */
  readonly maxStaleMs?: number;
  /** How often the file is written at most. @default 5_000 */
  readonly everyMs?: number;
  /** Lists the whole provider at this interval, so that the snapshot also knows keys that nothing has read,
   *  and which keys are absent. `true`: every ten minutes. @default false */
  readonly everything?: boolean | { readonly everyMs: number };
  /** The path of the file. @default APP.snapshot in the state directory of the service or the user */
  readonly file?: string;
  /** Accepts a key of a remote service, such as a KeyWrapper. That service must not fail together with the
   *  store. @default false */
  readonly allowRemoteKeys?: boolean;
  /** The variables of key sources and of the default path. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The source of time. @default the system's */
  readonly clock?: Clock;
}

const aName: Check = (value) =>
  typeof value === 'string' && /^(?!\.)[\w.-]{1,100}$/.test(value)
    ? undefined
    : 'a name of letters, digits, ".", "_" and "-"';
const anInterval: Check = (value) =>
  anObject(value) === undefined &&
  Object.keys(value as object).join() === 'everyMs' &&
  aNumber(1_000)((value as { everyMs?: unknown }).everyMs) === undefined
    ? undefined
    : 'an object { everyMs } of at least 1000';

const optionChecks = {
  keys: anything,
  app: aName,
  tenant: aName,
  maxStaleMs: aNumber(1),
  everyMs: aNumber(0),
  everything: either(oneOf(true, false), anInterval),
  file: aString,
  allowRemoteKeys: aBoolean,
  env: anObject,
  clock: aClock,
};

/** The options with their defaults. */
export type Settings = ReturnType<typeof settingsOf>;

export function settingsOf(provider: ConfigProvider, options: RememberedOptions) {
  checkOptions('remembered', options, optionChecks);
  for (const name of ['keys', 'app'] as const)
    if (options[name] === undefined)
      throw new ConfigError('invalid_option', `remembered: the option ${name} is required`, {
        hint:
          name === 'app'
            ? "Name the application: app: 'inference'"
            : "Pass a key that does not come from the store: keys: { file: '/etc/app/snapshot.key' }",
      });
  const { keys, app, tenant, maxStaleMs = 3_600_000, everyMs = 5_000, everything = false } = options;
  const { env = process.env, allowRemoteKeys = false, clock = systemClock } = options;
  for (const source of [keys].flat()) checkKey(source, provider, allowRemoteKeys);
  return {
    keys,
    app,
    tenant,
    maxStaleMs,
    everyMs,
    everythingMs: everything === true ? 600_000 : everything === false ? undefined : everything.everyMs,
    file: path.resolve(options.file ?? defaultFile(app, tenant, env)),
    env,
    clock: steadied(clock),
  };
}

/** Refuses a key that would be lost together with the store. */
function checkKey(source: KeySource, provider: ConfigProvider, allowsRemote: boolean): void {
  if (typeof source !== 'object' || source === null || 'opens' in source) return;
  const from = 'provider' in source ? source.provider : undefined;
  const stores = from ? storesIn(from) : [];
  if (stores.includes(innermost(provider)))
    throw new ConfigError('invalid_option', 'remembered: the key comes from the store that may be down', {
      hint: "Use a key file: keys: { file: '/etc/app/snapshot.key' }",
    });
  const isRemote = 'wrap' in source || stores.some((store) => store.local !== true && store.needs);
  if (isRemote && !allowsRemote)
    throw new ConfigError('invalid_option', 'remembered: the key comes from a remote service', {
      hint:
        'Use a key file, the keyring or a mounted secret; ' +
        'or set allowRemoteKeys, if that service does not fail together with the store',
    });
}

/** The providers that a provider of keys reads: those of a chain, without decorators. */
function storesIn(
  provider: ConfigProvider & { readonly providers?: readonly ConfigProvider[] },
): ConfigProvider[] {
  const store: typeof provider = innermost(provider);
  return store.providers?.flatMap(storesIn) ?? [store];
}

/** Where the snapshot of an application is. */
function defaultFile(
  app: string,
  tenant: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const name = `${tenant === undefined ? app : `${app}~${tenant}`}.snapshot`;
  const [given] = env.STATE_DIRECTORY?.split(':') ?? [];
  if (given) return path.join(given, name);
  const state = env.XDG_STATE_HOME;
  const home = state && path.isAbsolute(state) ? state : path.join(homedir(), '.local', 'state');
  return path.join(home, 'llm-config-manager', name);
}
