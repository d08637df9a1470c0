// Changes one value in the text of a document. Used by EncryptedFileProvider and, for readable files, by
// cli/. An edit of the text is accepted only when it parses to exactly the expected tree, so text-edit.ts may
// guess and comments survive.

import type { Secret } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { formats, parseText } from '../../formats/format.ts';
import type { FormatName } from '../../formats/parsed.ts';
import type { SourceText } from '../../formats/refusal.ts';
import { segments } from '../../key.ts';
import { valueToWrite } from '../../plain-value.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key, sameValue } from '../../value.ts';
import { textEdits } from './text-edit.ts';

/** The text with `value` at `key`, or without the key when `value` is undefined. Keeps comments and the
 *  order of lines.
 *  @throws `conflict` when a comment would be lost. */
export async function changedDocument(
  source: SourceText,
  format: FormatName,
  key: Key,
  value: ConfigValue | undefined,
): Promise<string> {
  const path = segments(key);
  const before = await parseText(format, source);
  const tree = withValue(before.tree, path, value, key);
  if (sameValue(tree, before.tree)) return source.text;
  // An empty document has no style to keep, so it is printed.
  const isEmpty = Object.keys(before.tree).length === 0 && !hasComments(source.text, format);
  for (const text of isEmpty ? [] : await textEdits(source.text, format, before, path, value))
    if (await parsesTo(tree, text, source, format)) return text;
  if (hasComments(source.text, format))
    throw new ConfigError('conflict', `${source.file}: changing ${key} would lose a comment`, {
      hint: 'Change the text by hand with: llm-config edit',
    });
  return formats[format].print(tree, source.provider);
}

async function parsesTo(
  tree: ConfigTree,
  text: string,
  source: SourceText,
  format: FormatName,
): Promise<boolean> {
  try {
    return sameValue((await parseText(format, { ...source, text })).tree, tree);
  } catch {
    return false;
  }
}

const hasComments = (text: string, format: FormatName): boolean =>
  format === 'jsonc' ? /\/[/*]/.test(text) : format !== 'json' && text.includes('#');

/** A copy with one leaf replaced, or removed when `value` is undefined. Removes sections that become
 *  empty. */
function withValue(
  tree: ConfigTree,
  path: readonly string[],
  value: ConfigValue | undefined,
  key: Key,
): ConfigTree {
  const [name, ...below] = path as [string, ...string[]];
  const inner = Object.hasOwn(tree, name) ? tree[name] : undefined;
  const others = (): ConfigTree =>
    Object.fromEntries(Object.entries(tree).filter(([member]) => member !== name));
  if (below.length === 0) {
    if (isTree(inner))
      throw new ConfigError('invalid_key', `"${key}" is a section, not a value`, {
        key,
        hint: 'Read a section with tree, and write its values one by one',
      });
    return value === undefined ? others() : { ...tree, [name]: value };
  }
  if (inner !== undefined && !isTree(inner)) {
    if (value === undefined) return tree;
    throw new ConfigError('conflict', `"${key}" cannot be written: a key above it has a single value`, {
      key,
      hint: 'Delete the value above first',
    });
  }
  const section = withValue(inner ?? {}, below, value, key);
  return value === undefined && Object.keys(section).length === 0 ? others() : { ...tree, [name]: section };
}

/** A copy of the value that a caller wants to write.
 *  @throws `validation` for values that no document can hold, and for sections. */
export function writableLeaf(given: ConfigValue | Secret, key: Key): ConfigValue {
  const { value } = valueToWrite(given, key);
  if (isTree(value))
    throw new ConfigError('validation', `the value for "${key}" is a section, not a single value`, {
      key,
      hint: 'Write the values of a section one by one',
    });
  return value;
}
