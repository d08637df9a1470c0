import type { Secret } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { type FormatName, formats } from '../../formats/format.ts';
import type { SourceText } from '../../formats/refusal.ts';
import { writable } from '../../internal/plain-value.ts';
import { segments } from '../../key.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key, sameValue } from '../../value.ts';
import { edited } from './text-edit.ts';

/** The text with `value` at `key`, or without the key when it is undefined; comments and the order of lines stay. */
export async function changed(
  source: SourceText,
  format: FormatName,
  key: Key,
  value: ConfigValue | undefined,
): Promise<string> {
  const path = segments(key);
  const before = await formats[format].parse(source);
  const tree = withValue(before.tree, path, value, key);
  if (sameValue(tree, before.tree)) return source.text;
  const empty = Object.keys(before.tree).length === 0 && !hasComments(source.text, format); // its style is nobody's choice
  for (const text of empty ? [] : await edited(source.text, format, before, path, value))
    if (await means(text, tree, source, format)) return text;
  if (hasComments(source.text, format))
    throw new ConfigError(
      'conflict',
      `${source.file}: ${key} cannot be changed without losing the comments`,
      {
        hint: 'Change it by hand: llm-config edit',
      },
    );
  const printed = await formats[format].print(tree, source.provider);
  return printed.trim() === '' ? '# nothing\n' : printed;
}

/** What the change is meant to do decides, not how the text was edited. */
async function means(
  text: string,
  tree: ConfigTree,
  source: SourceText,
  format: FormatName,
): Promise<boolean> {
  try {
    return sameValue((await formats[format].parse({ ...source, text })).tree, tree);
  } catch {
    return false;
  }
}

const hasComments = (text: string, format: FormatName): boolean =>
  format === 'jsonc' ? /\/[/*]/.test(text) : format !== 'json' && text.includes('#');

/** A copy with one leaf or section replaced or, without a value, removed; sections that become empty go too. */
function withValue(
  tree: ConfigTree,
  path: readonly string[],
  value: ConfigValue | undefined,
  key: Key,
): ConfigTree {
  const [name, ...below] = path as [string, ...string[]];
  const inner = Object.hasOwn(tree, name) ? tree[name] : undefined;
  const others = (): ConfigTree => Object.fromEntries(Object.entries(tree).filter(([one]) => one !== name));
  if (below.length === 0) {
    if (isTree(inner))
      throw new ConfigError('invalid_key', `"${key}" is a section, not a value`, {
        key,
        hint: 'Read it with tree, write it leaf by leaf',
      });
    return value === undefined ? others() : { ...tree, [name]: value };
  }
  if (inner !== undefined && !isTree(inner)) {
    if (value === undefined) return tree;
    throw new ConfigError('conflict', `"${key}" has no place: there is a single value above it`, {
      key,
      hint: 'Delete that first',
    });
  }
  const changed = withValue(inner ?? {}, below, value, key);
  return value === undefined && Object.keys(changed).length === 0 ? others() : { ...tree, [name]: changed };
}

/** A leaf that a caller hands over to be written, copied. */
export function writableLeaf(given: ConfigValue | Secret, key: Key): ConfigValue {
  const { value } = writable(given, key);
  if (isTree(value))
    throw new ConfigError(
      'validation',
      `the value for "${key}" is a section, which is written leaf by leaf`,
      { key },
    );
  return value;
}
