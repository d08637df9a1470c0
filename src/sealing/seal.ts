import { randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { keyFrom, keyOf, letters, segments } from '../key.ts';
import { quoted } from '../redact.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { FileKey } from './file-key.ts';
import { base64url } from './jose.ts';
import { decryptContent, encryptContent, type Jwe, parseCompact } from './jwe.ts';
import type { FoundKeys } from './key-sources.ts';
import { checkAlgorithms, contentKeyOf } from './recipients.ts';

/** What a sealed value begins with, in front of a compact JWE. */
export const marker = 'sealed:';

export const isSealed = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(marker);

export interface SealOptions {
  /** The key at which it will stand. It opens nowhere else; `poolMax`, `POOL_MAX` and `pool-max` are the same. */
  readonly key: Key;
  /** Who can open it: an own key, or somebody's public one. */
  readonly to: FileKey;
  /** What the file is for, say `acme/inference/production`. @default none */
  readonly context?: string;
}

/** One secret for a file that everybody may read: the text to write into it. A string stays one; other values are JSON. */
export async function seal(value: ConfigValue, { key, to, context }: SealOptions): Promise<string> {
  const contentKey = randomBytes(32);
  const { header, encryptedKey } = await to.wrap(contentKey);
  const { jwk: _, ...own } = header;
  const bound = { sub: lettersOf(keyOf(key)), ...(context !== undefined && { aud: context }) };
  const text = typeof value === 'string' ? value : JSON.stringify(value);
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

/** The value behind a sealed text; `where` names it in errors. */
export async function unseal(
  text: string,
  {
    key,
    context,
    where,
  }: { readonly key: Key; readonly context: string | undefined; readonly where: string },
  found: () => Promise<FoundKeys>,
): Promise<ConfigValue> {
  const jwe = parseCompact(text.slice(marker.length), where);
  checkAlgorithms(jwe, where);
  checkBinding(jwe, lettersOf(key), context, where);
  const { keys, absent } = await found();
  const { contentKey } = await contentKeyOf(jwe, keys, absent, where);
  const plaintext = decryptContent(jwe, contentKey, undefined)?.toString('utf8');
  if (plaintext === undefined)
    throw new ConfigError('crypto', `${where} was changed after it was sealed`, {
      hint: 'Take it from version control, or seal it again',
    });
  return jwe.protectedHeader.cty === 'json' ? (JSON.parse(plaintext) as ConfigValue) : plaintext;
}

const lettersOf = (key: Key): string => keyFrom(segments(key).map(letters));

function checkBinding(
  { protectedHeader: { sub, aud } }: Jwe,
  key: string,
  context: string | undefined,
  where: string,
): void {
  const moved = 'Somebody may have moved it. Seal it again where it belongs: llm-config seal';
  if (sub !== key)
    throw new ConfigError('crypto', `${where} was sealed for ${sub === undefined ? 'no key' : quoted(sub)}`, {
      hint: moved,
    });
  if (aud === context) return;
  const said = aud === undefined ? 'no context' : `the context ${quoted(aud)}`;
  const expected = context === undefined ? 'none' : quoted(context);
  throw new ConfigError('crypto', `${where} was sealed for ${said}; the reader's is ${expected}`, {
    hint: moved,
  });
}
