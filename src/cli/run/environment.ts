// The environment of a command that `run` starts: the variables of this process, with the values of a
// configuration over them.

import type { LoadedLeaf } from '../../config/leaves.ts';
import { ConfigError } from '../../errors.ts';
import { type ConfigValue, type Key, withoutBigints } from '../../value.ts';
import type { Variables } from '../variable-style.ts';

export interface Passed {
  readonly env: Readonly<Record<string, string>>;
  /** The keys that have no variable. */
  readonly unnamed: readonly Key[];
}

/** The environment with the values of `leaves`. Other spellings of their variables are left out, since the
 *  command would find two values of one key.
 *  @throws ConfigError `invalid_key` for a value that no variable can hold */
export function environmentOf(
  own: Readonly<Record<string, string | undefined>>,
  leaves: readonly LoadedLeaf[],
  variables: Variables,
): Passed {
  const env = new Map(Object.entries(own).filter((pair): pair is [string, string] => pair[1] !== undefined));
  const unnamed: Key[] = [];
  for (const { key, value } of leaves) {
    const name = variables.nameOf(key);
    const text = textOf(value);
    if (name === undefined) unnamed.push(key);
    if (name === undefined || text === undefined) continue;
    if (text.includes('\0'))
      throw new ConfigError(
        'invalid_key',
        `the value of "${key}" has a zero byte, which no variable can hold`,
        {
          key,
          hint: 'Leave the key out with --only',
        },
      );
    for (const other of env.keys()) if (variables.isOtherName(other, key)) env.delete(other);
    env.set(name, text);
  }
  return { env: Object.fromEntries(env), unnamed };
}

/** A value as a variable has it; `undefined` for null. */
function textOf(value: ConfigValue): string | undefined {
  if (value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(withoutBigints(value)) : `${value}`;
}
