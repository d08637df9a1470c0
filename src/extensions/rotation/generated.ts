// Keys that another system makes, such as the API keys of a model provider. The system shows a new key once,
// so a process may die before the key is stored: the key is then left over, and the next try deletes it.

import { ConfigError } from '../../errors.ts';
import { aFunction, aString, checkOptions, listOf } from '../../internal/options.ts';
import type { Credential, NextCall, OverlappingTarget } from './target.ts';

/** What a system can do with its keys. */
export interface GeneratedKeys {
  /** Creates a key that is named after `call.rotation`. First deletes every key of that name: it is left from
   *  a process that died, and nothing knows it. Returns the key, or an object with `fields`. */
  create(call: NextCall, current: Credential): Promise<string | Credential>;
  /** Whether the system accepts the key. False: refused. What is not known throws. */
  test(credential: Credential, call: { readonly signal: AbortSignal }): Promise<boolean>;
  /** Deletes the key. Does nothing if that has been done. */
  revoke(credential: Credential, call: { readonly signal: AbortSignal }): Promise<void>;
  /** How often the old key was used lately, since the promotion if the system can count that. Return 0 if the
   *  system does not know: then the overlap alone decides. */
  inUse(old: Credential, call: { readonly signal: AbortSignal }): Promise<number> | number;
  /** The names of the fields of a credential. @default ['key'] */
  readonly fields?: readonly string[];
  /** The kind of the default schedule. @default 'api_key' */
  readonly kind?: string;
}

/** A target for keys that a system makes.
 *  @example
 *  const target = generated({
 *    create: async ({ rotation }) => (await keys.create({ name: rotation })).secret,
 *    test: async ({ key }) => (await fetch(url, { headers: { authorization: key } })).status !== 401,
 *    revoke: async ({ key }) => keys.delete(key),
 *    inUse: () => 0,
 *  });
 *  @see rotate */
export function generated(keys: GeneratedKeys): OverlappingTarget {
  checkOptions('generated', keys, {
    create: aFunction,
    test: aFunction,
    revoke: aFunction,
    inUse: aFunction,
    fields: listOf(aString),
    kind: aString,
  });
  for (const name of ['create', 'test', 'revoke', 'inUse'] as const)
    if (keys[name] === undefined)
      throw new ConfigError('invalid_option', `generated: the function ${name} is missing`);
  const { fields = ['key'], kind = 'api_key' } = keys;
  return {
    kind,
    fields,
    overlap: true,
    async next(current, call) {
      const made = await keys.create(call, current);
      return typeof made === 'string' ? { [fields[0] as string]: made } : made;
    },
    test: async (credential, call) => keys.test(credential, call),
    inUse: async (old, _current, call) => keys.inUse(old, call),
    revoke: (old, _current, call) => keys.revoke(old, call),
  };
}
