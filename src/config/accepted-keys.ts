// The option `accept` of `config.reload`: its type and its check. Used by config.ts.

import { ConfigError } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { aString, checkOptions, either, listOf, oneOf } from '../internal/options.ts';
import { keyFrom, keyOf, segments, startsWith } from '../key.ts';
import { unknownDepth } from '../report/unknown-keys.ts';
import { wantedBy } from '../schema/keys.ts';
import type { Key } from '../value.ts';
import type { Found } from './found.ts';
import type { LoadMode } from './reloads.ts';

/** Options of `Config.reload`. */
export interface ReloadOptions {
  /** Keys and sections that may vanish from a store in this reload. @default [] */
  readonly accept?: readonly Key[];
}

/** The checked keys of the option `accept`.
 *  @throws ConfigError `invalid_option` for a key that the configuration cannot have */
export function acceptedKeys(options: ReloadOptions, current: Found): Pick<LoadMode, 'accept'> {
  checkOptions('reload', options, { accept: listOf(either(aString, oneOf(''))) });
  const keys = (options.accept ?? []).map(keyOf);
  if (keys.length === 0) return {};
  const { placement, plan } = current;
  const { shape } = plan;
  const wanted = shape ? wantedBy(shape) : { keys: [], prefixes: [] };
  const known = [...placement.leaves.map(({ path }) => keyFrom(path)), ...wanted.keys, ...wanted.prefixes];
  const mayHave = (key: Key): boolean =>
    known.some((one) => startsWith(one, key)) ||
    (shape !== undefined && unknownDepth(segments(key), shape) === undefined);
  for (const key of keys) {
    if (mayHave(key)) continue;
    const near = nearest(key, known);
    throw new ConfigError(
      'invalid_option',
      `reload: accept names "${key}", which the configuration cannot have`,
      {
        key,
        hint: near === undefined ? 'Name keys or sections of the schema' : `Did you mean "${near}"?`,
      },
    );
  }
  return { accept: keys };
}
