// Roll-out by a stable hash: which subjects get a new value, and which of several variants. Pure functions.
// The hash is MurmurHash3 (x86, 32 bits, seed 0) of `key\0subject` in UTF-8, which other languages have.

import { ConfigError } from '../errors.ts';

/** Options of `rollout`. */
export interface RolloutOptions {
  /** The share of all subjects that is in, from 0 to 100. Parts of a percent count. */
  readonly percent: number;
  /** Who or what is in or out: the id of a user, a tenant, a request. */
  readonly subject: string;
}

/** Whether a subject is in a roll-out. The answer depends only on the key, the share and the subject: it is
 *  the same in every process. A larger share keeps all that are in, and two keys are independent.
 *  @throws ConfigError `invalid_option` for a share that is not between 0 and 100
 *  @example
 *  const { percent } = config.value.rollouts.newPrompt; // 10
 *  const prompt = rollout('newPrompt', { percent, subject: user.id }) ? prompts.next : prompts.current;
 *  @see variant for more than two. */
export function rollout(key: string, { percent, subject }: RolloutOptions): boolean {
  return variant(key, { in: percent, out: 100 - percent }, subject) === 'in';
}

/** The variant of a subject. The weights are shares of their sum. The answer is the same in every process.
 *  If the first variant gets a larger share, or the last one a smaller share, no subject leaves the first.
 *  @throws ConfigError `invalid_option` for a weight below 0, or if all are 0
 *  @example
 *  variant('model', { small: 90, large: 10 }, user.id); // => 'small' for nine of ten
 *  @see rollout for one value that grows. */
export function variant<V extends string>(
  key: string,
  weights: Readonly<Record<V, number>>,
  subject: string,
): V {
  const all = Object.entries<number>(weights);
  const total = all.reduce((sum, [, weight]) => sum + (weight >= 0 ? weight : Number.NaN), 0);
  if (!(total > 0 && Number.isFinite(total)) || typeof key !== 'string' || typeof subject !== 'string')
    throw new ConfigError(
      'invalid_option',
      'rollout, variant: shares must be numbers, at least 0 and not all 0; key and subject texts',
    );
  let left = shareOf(`${key}\0${subject}`) * total;
  const found = all.find(([, weight]) => (left -= weight) < 0);
  // rounding may leave a little of the total
  return (found ?? (all.findLast(([, weight]) => weight > 0) as [string, number]))[0] as V;
}

/** A number from 0 to 1, without 1, that a text always has. */
export const shareOf = (text: string): number => murmur3(Buffer.from(text)) / 2 ** 32;

/** MurmurHash3_x86_32 with the seed 0. */
function murmur3(bytes: Uint8Array): number {
  const { imul } = Math;
  const rotated = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
  let hash = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    let block = 0;
    for (let n = 4; n-- > 0; ) block = (block << 8) | (bytes[at + n] ?? 0);
    hash ^= imul(rotated(imul(block, 0xcc9e2d51), 15), 0x1b873593);
    if (at + 4 <= bytes.length) hash = imul(rotated(hash, 13), 5) + 0xe6546b64;
  }
  hash ^= bytes.length;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
