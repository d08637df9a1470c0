// Which variables and lines of files a schema does not read. `llm-config unused` prints them. Each layer is
// looked at alone, because a value that another layer overrides may be misspelled, too.

import { makeEntry } from '../entry.ts';
import { Spelling } from '../internal/nearest.ts';
import { keyFrom, segments } from '../key.ts';
import { merge } from '../merge/merge.ts';
import { placementOf } from '../merge/placement.ts';
import { newId, thread } from '../operation.ts';
import type { Layer } from '../provider.ts';
import { unboundNames } from '../report/conventional-names.ts';
import { mayRead, ownUnread, similarKey } from '../report/unknown-keys.ts';
import { keysIn, wantedBy } from '../schema/keys.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import { shapeOf } from '../schema/shape-of.ts';
import { inTurns } from '../turns.ts';
import type { Key } from '../value.ts';
import { failureOf, readLayers } from './load.ts';
import { type ConfigSource, type LoadOptions, planOf } from './plan.ts';

/** A variable, or a line of a file, that nothing reads. */
export interface UnusedKey {
  readonly key: Key;
  readonly origin: string;
  /** The known key that it is most like. */
  readonly similar?: Key;
}

export interface UnusedKeys {
  readonly unused: readonly UnusedKey[];
  /** Sections in which the schema may read any name. */
  readonly open: readonly Key[];
}

/** Finds what nothing reads.
 *  @throws ConfigError the failure of a source */
export async function unusedKeys(
  schema: StandardSchemaV1,
  source: ConfigSource,
  options: Pick<LoadOptions, 'deprecated'> = {},
): Promise<UnusedKeys> {
  if (!isSchema(schema)) throw notASchema('unusedKeys');
  const { plan } = planOf('unusedKeys', schema, source, options);
  const layers = await inTurns(readLayers(plan, { [thread]: { operation: newId(), cause: 'check' } }));
  const failure = failureOf(layers);
  if (failure) throw failure;
  const shape = shapeOf(schema);
  const { keys, prefixes } = wantedBy(shape);
  const spelling = new Spelling();
  const where = (key: Key): readonly string[] => plan.source.where(key).split('\n');
  const unused = layers.flatMap((layer) => {
    const merged = merge([withAllLines(layer)], { keys, prefixes: [...prefixes, ''] });
    const unread = ownUnread(placementOf(merged, ''), shape).map(
      ({ leaf: { path, item }, unknown }): UnusedKey => {
        const near = similarKey(unknown, shape, spelling);
        const similar = near && keyFrom([...segments(near), ...path.slice(unknown.length)]);
        return { key: keyFrom(path), origin: String(item.origin), ...(similar && { similar }) };
      },
    );
    const unbound = unboundNames({ merged, layers: [layer], shape, keys, at: '', where })
      .filter(({ entry }) => !mayRead(segments(entry.key), shape))
      .map(({ entry: { key, origin }, similar }): UnusedKey => {
        return { key, origin: String(origin), ...(similar && { similar: similar.key }) };
      });
    return [...unread, ...unbound];
  });
  return { unused, open: keysIn(schema).prefixes };
}

/** Lines of files that bind only to known keys: here they make keys, so that they are found. */
const withAllLines = (layer: Layer): Layer => ({
  ...layer,
  entries: layer.entries.map((entry) =>
    entry.loose === 'known' && entry.origin.line !== undefined
      ? makeEntry({ ...entry, loose: 'always' })
      : entry,
  ),
});
