// `explain`: loads a module of the application and shows where the values of its chain come from. A section
// is explained key by key; a key that does not exist gets a suggestion. Secrets are masked.

import type { ProviderChain } from '../../chain/chain.ts';
import { type Explanation, jsonValue } from '../../chain/explain.ts';
import { nearest } from '../../internal/nearest.ts';
import { append, keyOf, startsWith } from '../../key.ts';
import { merge } from '../../merge/merge.ts';
import type { Wanted } from '../../provider.ts';
import { show } from '../../redact.ts';
import type { SchemaKey, SchemaKeys } from '../../schema/keys.ts';
import type { Key } from '../../value.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Colours } from '../io.ts';
import { explainedBy, isMarked, knownKeys, listing, withoutValues } from '../listing.ts';
import { type Loaded, withChain } from '../module.ts';

export const explain: Command = {
  name: 'explain',
  arguments: ['[MODULE]', '[KEY]'],
  summary:
    'show which provider sets a key, or each key of a section, and which are shadowed; or list all keys',
  flags: {},
  examples: [
    'llm-config explain database.host',
    'llm-config explain dist/config.js database',
    'llm-config explain',
  ],
  async run(args, io) {
    const [name] = args.positionals;
    const result = await withChain(args, io, async (loaded) =>
      name === undefined ? listKeys(loaded) : explainKey(loaded, keyOf(name)),
    );
    return { ...result, colours };
  },
};

const colours: Colours = [
  [/^ {2}→ .*$/gm, 'green'],
  [/^ {4}.*(?:shadowed|absent).*$/gm, 'dim'],
  [/^.*(?:failed: |unreadable).*$/gm, 'red'],
  [/^ {2}did you mean .*$/gm, 'yellow'],
];

export async function explainKey(loaded: Loaded, name: Key): Promise<CommandResult> {
  const explained = explainedBy(loaded);
  const { chain, schema, at } = explained;
  const key = append(at, name);
  const ask = async (one: Key): Promise<Explanation> => {
    const found = await chain.explain(one);
    return isMarked(explained, one) ? withoutValues(found) : found;
  };
  const explanation = await ask(key);
  const { winner, error } = explanation;
  const isSet = winner !== undefined && error === undefined;
  if (isSet || (error && error.code !== 'invalid_key'))
    return { text: `${explanation}`, json: explanation, exit: isSet ? 0 : 1 };
  const known = knownKeys(explained);
  const keys = await allKeys(chain, known);
  const inside = [...keys].filter((one) => one !== key && startsWith(one, key));
  if (inside.length > 0) return explainSection(ask, key, inside, known);
  const notes = notesOnAbsent(key, keys, known, schema !== undefined, chain.where(key));
  const noted = explanation.with(...notes);
  return { text: `${noted}`, json: noted, exit: 1 };
}

/** The keys that the schema reads, and those that a provider has. */
async function allKeys(chain: ProviderChain, { keys, prefixes }: SchemaKeys): Promise<ReadonlySet<Key>> {
  const wanted: Wanted = { keys: keys.map(({ key }) => key), prefixes: [...prefixes, ''] };
  const { leaves, holes } = merge(await chain.layers(), wanted);
  return new Set([...wanted.keys, ...leaves.keys(), ...holes.keys()]);
}

/** Explains each key of a section. One that is not set is not a failure: it may be optional. */
async function explainSection(
  ask: (key: Key) => Promise<Explanation>,
  section: Key,
  inside: readonly Key[],
  { keys }: SchemaKeys,
): Promise<CommandResult> {
  const explained: Explanation[] = [];
  for (const key of inside) {
    const explanation = await ask(key);
    // a key with keys inside is listed by those
    if (explanation.error?.code === 'invalid_key') continue;
    const isAbsent = explanation.winner === undefined && explanation.error === undefined;
    explained.push(isAbsent ? explanation.with(...defaultOf(key, keys)) : explanation);
  }
  const isFine = explained.every(({ error }) => !error) && explained.some(({ winner }) => winner);
  return {
    text: explained.map(String).join('\n'),
    json: { key: section, keys: explained },
    exit: isFine ? 0 : 1,
  };
}

/** Why a key may be absent: it does not exist, or it is not set where it was looked for. */
function notesOnAbsent(
  key: Key,
  keys: ReadonlySet<Key>,
  { keys: schemaKeys, prefixes }: SchemaKeys,
  hasSchema: boolean,
  places: string,
): string[] {
  const isKnown = keys.has(key) || prefixes.some((prefix) => startsWith(key, prefix));
  const near = isKnown ? undefined : nearest(key, keys);
  const searched = places.split('\n').filter(Boolean);
  return [
    ...(isKnown
      ? []
      : [`no such key: ${hasSchema ? 'neither the schema nor a' : 'no'} provider has "${key}"`]),
    ...(near === undefined ? [] : [`did you mean ${near}?`]),
    ...searched.map((place) => `looked for ${place}`),
    ...defaultOf(key, schemaKeys),
  ];
}

function defaultOf(key: Key, keys: readonly SchemaKey[]): string[] {
  const known = keys.find((one) => one.key === key);
  return known && 'default' in known
    ? [`default of the schema: ${show(known.default as never, known.secret)}`]
    : [];
}

/** Lists every key of a chain, and what cannot be read. */
export async function listKeys(loaded: Loaded): Promise<CommandResult> {
  const { keys: found, unreadable, failed } = await listing(loaded);
  const keys = found.map(({ key, value, secret, origin }) => ({
    key,
    value: show(value, secret),
    json: jsonValue(value, secret),
    origin,
  }));
  const width = (column: (row: (typeof keys)[number]) => string): number =>
    Math.max(0, ...keys.map((row) => column(row).length));
  const [first, second] = [width(({ key }) => key), width(({ value }) => value)];
  const lines = [
    ...keys.map(({ key, value, origin }) => `${key.padEnd(first)}  ${value.padEnd(second)}  ${origin}`),
    ...unreadable.map(({ key, origin, error }) => `${key}  is unreadable (${origin}): ${error}`),
    ...failed.map(({ provider, error }) => `${provider} failed: ${error}`),
  ];
  return {
    text: lines.join('\n'),
    json: {
      keys: keys.map(({ key, json, origin }) => ({ key, value: json, origin })),
      unreadable,
      failed,
    },
    exit: failed.length > 0 ? 1 : 0,
  };
}
