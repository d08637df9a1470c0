// `unsealed`: a decorator that opens the sealed values of the provider inside it. opening.ts opens them. The
// provider is asked for sealed text, which it would otherwise open itself, or refuse if it is a chain.

import { type AnyProvider, decorate } from '../decorators/decorate.ts';
import type { Entry } from '../entry.ts';
import { type ConfigError, isConfigError } from '../errors.ts';
import { Emitter } from '../internal/listeners.ts';
import { anObject, anything, aString, checkOptions } from '../internal/options.ts';
import { layersOf, listFrom } from '../listing.ts';
import type { ConfigProvider, ReadOptions, VersionedProvider } from '../provider.ts';
import { getFrom, knownIn, manyFrom, renewIn, versionsFrom } from '../query.ts';
import { sealedText } from '../sealed.ts';
import { asConfigError } from '../sealed-values.ts';
import { type KeySource, KeySources } from './key-sources.ts';
import { Opening } from './opening.ts';

/** Options of `unsealed`. */
export interface UnsealedOptions {
  /** The keys that open sealed values; several during a rotation. @default { env: 'LLM_CONFIG_KEY' } */
  readonly keys?: KeySource | readonly KeySource[];
  /** The context that was given to `seal`. Values of another context are refused. @default none */
  readonly context?: string;
  /** The variables in which key sources `{ env }` look. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Opens the sealed values (`sealed:eyJ…`) of a provider, and passes all other values on unchanged.
 *  Opened values are secret. A value that cannot be opened becomes a hole, never the sealed text. The
 *  result cannot write: values written through it would be plain.
 *  @example
 *  const base = unsealed(new BundleProvider('config/base.yaml'), { context: 'acme/production' });
 *  await base.get('llm.token'); // a secret entry with the opened value
 *  @see seal seals a value; `llm-config seal` does so on the command line. */
export function unsealed(provider: VersionedProvider, options?: UnsealedOptions): VersionedProvider;
export function unsealed(provider: ConfigProvider, options?: UnsealedOptions): ConfigProvider;
export function unsealed(provider: ConfigProvider, options: UnsealedOptions = {}): ConfigProvider {
  checkOptions('unsealed', options, { keys: anything, context: aString, env: anObject });
  const opening = new Opening(new KeySources(options.keys, 'unsealed', options.env), options.context);
  const emitter = new Emitter(provider.name, 'provider');
  const notice = (message: string): void => emitter.notice(message);
  const asText = <O extends ReadOptions>(read: O | undefined): O => ({ ...read, [sealedText]: true }) as O;

  const own: Parameters<typeof decorate>[2] = {
    async get(key, read) {
      const entry = await getFrom(provider, key, asText(read));
      return entry && opening.leaf(entry);
    },
    ...(provider.known && {
      known(key, peek) {
        const sealed = knownIn(provider, key, true);
        const entry = sealed?.entry && opening.known(sealed.entry);
        if (!sealed || (sealed.entry && !entry)) return undefined;
        if (!peek) provider.known?.(key);
        return { entry };
      },
    }),
    ...(provider.renew && {
      async renew(key, read) {
        const entry = await renewIn(provider, key, asText(read));
        return entry && opening.leaf(entry);
      },
    }),
    needs: async (wanted) => [...((await provider.needs?.(wanted)) ?? []), ...(await opening.needs())],
    list: async (prefix, read) => opening.items(await listFrom(provider, prefix ?? '', asText(read), notice)),
    ...(provider.getMany && {
      async getMany(wanted, read) {
        const open = opening.operation();
        const found = await manyFrom(provider, wanted, asText(read));
        const openFound = async (entry: Entry | undefined | ConfigError) =>
          entry === undefined || isConfigError(entry)
            ? entry
            : opening.leaf(entry, open).catch(asConfigError);
        return new Map(
          await Promise.all([...found].map(async ([key, entry]) => [key, await openFound(entry)] as const)),
        );
      },
    }),
    ...(provider.layers && {
      layers: async (prefix, read) =>
        Promise.all(
          (await layersOf(provider, prefix ?? '', asText(read), notice)).map((layer) => opening.layer(layer)),
        ),
    }),
    ...((provider as AnyProvider).versions && {
      versions: (key, more) => versionsFrom(provider, key, more),
    }),
  };
  return decorate(provider, provider.name, own, { emitter });
}
