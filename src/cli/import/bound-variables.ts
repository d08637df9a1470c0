// The keys that the variables of a `.env` file set, and their values with the types that a schema wants. Used
// by `import`.

import { nearest } from '../../internal/nearest.ts';
import { camel, keyFrom, letters, segments } from '../../key.ts';
import type { EnvExampleOptions } from '../../local/example-text.ts';
import { taint } from '../../redact.ts';
import { keysIn, type SchemaKey } from '../../schema/keys.ts';
import { readings } from '../../schema/readings.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import { shapeAt } from '../../schema/shape.ts';
import { shapeOf } from '../../schema/shape-of.ts';
import { isSealed } from '../../sealed.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { Variables } from '../variable-style.ts';
import type { ImportedValue } from './target.ts';

export interface Imported extends ImportedValue {
  /** The variable. */
  readonly name: string;
}

/** Variables with their keys, and those that are left out, with the reason. */
export interface Bound {
  readonly values: readonly Imported[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

/** Finds the key of each variable. Without a schema, `DATABASE__POOL_MAX` is `database.poolMax`. */
export function boundVariables(
  variables: readonly (readonly [name: string, value: ConfigValue])[],
  schema: StandardSchemaV1 | undefined,
  style: EnvExampleOptions,
): Bound {
  const keys = schema ? keysIn(schema).keys : [];
  const names = new Variables(
    style,
    keys.map(({ key }) => key),
  );
  const secrets = new Set(keys.flatMap(({ key, secret }) => (secret ? [key] : [])));
  const isSecret = taint();
  const left: Bound['left'][number][] = [];
  const values = variables.flatMap(([name, text]): Imported[] => {
    const found = schema
      ? keys.filter(({ key }) => names.nameOf(key) === name || names.isOtherName(name, key))
      : withoutSchema(name, style.prefix);
    const own = found.find(({ key }) => names.nameOf(key) === name) ?? found[0];
    if (isSealed(text)) left.push({ name, reason: 'it is sealed: run `llm-config unseal` first' });
    else if (!own)
      left.push({
        name,
        reason: noKey(name, keys, style.prefix),
      });
    else if (found.length > 1 && names.nameOf(own.key) !== name)
      left.push({ name, reason: `it can mean ${found.map(({ key }) => key).join(' and ')}` });
    else {
      const value = typed(text, own.key, schema);
      return [{ name, key: own.key, value, secret: secrets.has(own.key) || isSecret(own.key, value) }];
    }
    return [];
  });
  return { values, left };
}

function withoutSchema(name: string, prefix: string | undefined): readonly { readonly key: Key }[] {
  const start = prefix === undefined ? '' : `${prefix}_`;
  if (!name.startsWith(start)) return [];
  const path = name.slice(start.length).replace(/^_/, '').toLowerCase().split('__').map(camel);
  try {
    return path.includes('') ? [] : [{ key: keyFrom(path) }];
  } catch {
    return [];
  }
}

function noKey(name: string, keys: readonly SchemaKey[], prefix = ''): string {
  if (!name.startsWith(prefix)) return `it does not begin with ${prefix}`;
  const byLetters = new Map(keys.map(({ key }) => [segments(key).map(letters).join(''), key]));
  const near = byLetters.get(nearest(letters(name.slice(prefix.length)), byLetters.keys()) ?? '');
  return `no key of the schema has this name${near ? `. Did you mean ${near}?` : ''}`;
}

/** The value with the type that the schema wants: files and stores have types, variables have none. */
function typed(value: ConfigValue, key: Key, schema: StandardSchemaV1 | undefined): ConfigValue {
  if (typeof value !== 'string' || !schema) return value;
  return readings(value, shapeAt(shapeOf(schema), segments(key)))[0] ?? value;
}
