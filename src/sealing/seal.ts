// Sealed values: one secret as the text `sealed:` and a compact JWE, bound to its key and a context. Used by
// opening.ts, which opens them, and by cli/, which makes and opens them.

import { randomBytes } from 'node:crypto';
import { joinedLetters } from '../conventional-name.ts';
import type { Loose } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { parseText } from '../formats/format.ts';
import { jsonValue } from '../formats/json-text.ts';
import { keyFrom, keyOf, letters, segments } from '../key.ts';
import { quoted } from '../redact.ts';
import { marker } from '../sealed.ts';
import type { Opened } from '../sealed-values.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { FileKey } from './file-key.ts';
import { base64url } from './jose.ts';
import { decryptContent, encryptContent, type Jwe, parseCompact } from './jwe.ts';
import type { FoundKeys } from './key-sources.ts';
import { checkAlgorithms, contentKeyOf } from './recipients.ts';

/** Options of `seal`. */
export interface SealOptions {
  /** The configuration key of the value. It opens at no other key; `poolMax`, `POOL_MAX` and `pool-max` are
   *  the same. */
  readonly key: Key;
  /** The key that can open the value: a key of your own, or another person's public key. */
  readonly to: FileKey;
  /** Purpose of the file, such as `acme/inference/production`. Readers must give the same one.
   *  @default none */
  readonly context?: string;
}

/** Encrypts one secret for a file that others may read, and returns the text to write into that file.
 *  Strings stay strings; other values are stored as JSON.
 *  @example
 *  const [key] = parseKeys(process.env.LLM_CONFIG_KEY ?? '', 'LLM_CONFIG_KEY');
 *  const text = await seal('fake-token', { key: 'llm.token', to: key!, context: 'acme/production' });
 *  // => sealed:eyJhbGciOi…
 *  @see unsealed opens sealed values again. */
export async function seal(value: ConfigValue, { key, to, context }: SealOptions): Promise<string> {
  const contentKey = randomBytes(32);
  const { header, encryptedKey } = await to.wrap(contentKey);
  const { jwk: _, ...own } = header;
  const bound = { sub: boundKey(keyOf(key)), ...(context !== undefined && { aud: context }) };
  const text = typeof value === 'string' ? value : JSON.stringify(jsonValue(value, 'seal'));
  const cty = typeof value === 'string' ? {} : { cty: 'json' };
  const protectedText = base64url(Buffer.from(JSON.stringify({ ...own, enc: 'A256GCM', ...cty, ...bound })));
  const { iv, ciphertext, tag } = encryptContent(
    contentKey,
    Buffer.from(text, 'utf8'),
    protectedText,
    undefined,
  );
  return marker + [protectedText, ...[encryptedKey, iv, ciphertext, tag].map(base64url)].join('.');
}

/** Opens a sealed text. `where` names the value in errors; `findKeys` is called only once the binding
 *  fits. */
export async function unseal(
  text: string,
  {
    key,
    loose,
    context,
    where,
  }: {
    readonly key: Key;
    /** With `words`, the letters of the whole key decide: a variable does not say where a segment ends. */
    readonly loose?: Loose | undefined;
    readonly context: string | undefined;
    readonly where: string;
  },
  findKeys: () => Promise<FoundKeys>,
): Promise<Opened> {
  const jwe = parseCompact(text.slice(marker.length), where);
  checkAlgorithms(jwe, where);
  const { sub } = jwe.protectedHeader;
  const isBound =
    loose === 'words'
      ? typeof sub === 'string' && sub.replaceAll('.', '') === joinedLetters(key)
      : sub === boundKey(key);
  checkBinding(jwe, isBound, context, where);
  const { keys, absent } = await findKeys();
  const { contentKey, key: opener } = await contentKeyOf(jwe, keys, absent, where);
  const plaintext = decryptContent(jwe, contentKey, undefined)?.toString('utf8');
  if (plaintext === undefined)
    throw new ConfigError('crypto', `${where} was changed after it was sealed`, {
      hint: 'Restore it from version control, or seal the value again',
    });
  return {
    value: jwe.protectedHeader.cty === 'json' ? await parsedValue(plaintext, where) : plaintext,
    openedWith: opener.kid === undefined ? 'a password' : `kid ${quoted(opener.kid)}`,
  };
}

/** Reads a value as a member of a JSON file, with the limits of one. The parser's errors are rebuilt, because
 *  names in the plaintext are secret too. */
async function parsedValue(plaintext: string, where: string): Promise<ConfigValue> {
  const source = { provider: 'unsealed', file: where, text: `{"value":${plaintext}}` };
  const parsed = await parseText('json', source).catch(() => undefined);
  if (parsed && Object.keys(parsed.tree).length === 1) return parsed.tree.value as ConfigValue;
  throw new ConfigError('parse', `${where} does not contain the JSON that its header announces`, {
    hint:
      'Seal the value again with: llm-config seal. ' +
      'Deep nesting, duplicate names, reserved names and numbers that lose digits are refused',
  });
}

/** Only letters count, so that one sealed text fits `poolMax` in YAML and `POOL_MAX` in `.env`. */
const boundKey = (key: Key): string => keyFrom(segments(key).map(letters));

function checkBinding(
  { protectedHeader: { sub, aud } }: Jwe,
  isBound: boolean,
  context: string | undefined,
  where: string,
): void {
  const hint = 'Check whether the value was moved, then seal it again for its key with: llm-config seal';
  if (!isBound)
    throw new ConfigError('crypto', `${where} was sealed for ${sub === undefined ? 'no key' : quoted(sub)}`, {
      hint,
    });
  if (aud === context) return;
  const actual = aud === undefined ? 'no context' : `the context ${quoted(aud)}`;
  const expected = context === undefined ? 'none' : quoted(context);
  throw new ConfigError('crypto', `${where} was sealed for ${actual}; the reader's is ${expected}`, { hint });
}
