// `publicConfig`: the part of a configuration that a browser may have. A thin door: publishing.ts, which is
// loaded with the first configuration, copies and refuses.

import { ConfigError } from '../errors.ts';
import type { Revealable } from '../reveal.ts';
import type { DeepReadonly, PathOf, Quoted } from './paths.ts';

/** A configuration, made by `loadConfig`. */
type PublishedConfig<T> = Revealable<T> & { readonly value: DeepReadonly<T> };

/** The rest of each path in P that begins with the name K. */
type Below<P extends string, K extends string> = P extends `${K}.${infer Rest}` ? Rest : never;

/** The part of T at the paths P. */
export type PublicPart<T, P extends string> = T extends object
  ? {
      readonly [K in keyof T as K extends string
        ? Quoted<K> extends P
          ? K
          : [Below<P, Quoted<K>>] extends [never]
            ? never
            : K
        : never]: K extends string
        ? Quoted<K> extends P
          ? DeepReadonly<T[K]>
          : PublicPart<T[K], Below<P, Quoted<K>>>
        : never;
    }
  : T;

/** Copies paths of the current generation. By configuration. */
export const publishers = new WeakMap<object, (paths: readonly string[]) => unknown>();

/** Copies a part of a configuration for a browser, or for any other reader that may know no secret: a plain
 *  object with the sections and values at `paths`, each at its place. JSON can hold all of it. Published is
 *  what printing the configuration shows; a secret, and what a transform may have made of one, is refused.
 *  A later reload does not change the copy.
 *  @throws ConfigError `invalid_option` with each key that is secret, or that JSON cannot hold, `invalid_key`
 *  for a path that the schema does not know
 *  @example
 *  const shared = publicConfig(config, ['site', 'flags.beta']);
 *  shared.site.title; // typed; shared.flags has only beta
 *  JSON.stringify(shared).replaceAll('<', '\\u003c'); // for a <script type="application/json">
 *  @see reveal copies everything, with secrets. */
export function publicConfig<T, const P extends PathOf<T>>(
  config: PublishedConfig<T>,
  paths: readonly P[],
): PublicPart<T, P> {
  const publish = publishers.get(config);
  if (!publish || !Array.isArray(paths))
    throw new ConfigError('invalid_option', 'publicConfig: expected a configuration and a list of paths', {
      hint: "Pass the result of loadConfig: publicConfig(config, ['site'])",
    });
  return publish(paths) as PublicPart<T, P>;
}
