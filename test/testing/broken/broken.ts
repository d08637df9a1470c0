import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../../../src/entry.ts';
import type { ConfigError } from '../../../src/errors.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigProvider } from '../../../src/provider.ts';
import type { ConfigValue } from '../../../src/value.ts';
import type { Backend, Reference } from '../reference.ts';

/** The methods that replace those of a correct provider. */
export type Spoilt = Partial<Reference> & Pick<ConfigProvider, 'known'>;

/** A provider with one fault, and the sentence that must find it. */
export interface Broken {
  readonly fault: string;
  readonly caughtBy: string;
  readonly spoil: (honest: Reference, backend: Backend) => Spoilt;
}

const origin = makeOrigin({ provider: 'reference', source: 'reference' });

export const leaf = (key: string, value: ConfigValue, document?: string): Entry =>
  makeEntry({ key, value, secret: false, origin, ...(document !== undefined && { document }) });

/** Changes every entry that get and list return. */
export const entries = (
  honest: Reference,
  change: (entry: Entry) => Entry | undefined,
): Partial<Reference> => ({
  get: async (key, options) => {
    const entry = await honest.get(key, options);
    return entry && change(entry);
  },
  list: async (prefix, options) =>
    (await honest.list(prefix, options)).flatMap((item): (Entry | Unreadable)[] =>
      isUnreadable(item) ? [item] : [change(item) ?? []].flat(),
    ),
});

export const valuesOf = (
  honest: Reference,
  change: (value: ConfigValue) => ConfigValue | undefined,
): Partial<Reference> =>
  entries(honest, (entry) => {
    const value = change(entry.value);
    return value === undefined ? undefined : makeEntry({ ...entry, value });
  });

/** Replaces every rejection of get and list. */
export const failing = (honest: Reference, instead: (error: ConfigError) => unknown): Partial<Reference> => ({
  get: (key, options) => honest.get(key, options).catch((error) => instead(error) as never),
  list: (prefix, options) => honest.list(prefix, options).catch((error) => instead(error) as never),
});

export const rethrown = (make: (error: ConfigError) => unknown) => (honest: Reference) =>
  failing(honest, (error) => {
    throw make(error);
  });

export const signalless = <T extends object | undefined>(options: T): T =>
  ({ ...options, signal: undefined }) as T;
