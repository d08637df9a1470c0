import { randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import type { FileKey } from './file-key.ts';
import { base64url } from './jose.ts';
import {
  decryptContent,
  encryptContent,
  type Jwe,
  jointHeader,
  parseJwe,
  printJwe,
  type Recipient,
} from './jwe.ts';
import type { FoundKeys } from './key-sources.ts';
import {
  checkAlgorithms,
  contentKeyOf,
  keysForAll,
  nameOf,
  type Opened,
  vouched,
  withRecipients,
} from './recipients.ts';

/** An encrypted file that one of our keys has opened. */
export interface Envelope {
  readonly jwe: Jwe;
  readonly plaintext: Buffer;
  readonly opened: Opened;
  readonly contentType: string | undefined;
  /** Whether its list of recipients is authenticated. */
  readonly trusted: boolean;
}

export interface Expected {
  /** What the file is for; authenticated, given by the reader, never taken from the file. */
  readonly context: string | undefined;
  /** The file's name in errors. */
  readonly where: string;
}

export async function openEnvelope(
  text: string,
  { keys, absent }: FoundKeys,
  { context, where }: Expected,
): Promise<Envelope> {
  const jwe = parseJwe(text, where);
  checkAlgorithms(jwe, where);
  if (jwe.claimed !== context) throw otherContext(jwe.claimed, context, where);
  const opened = await contentKeyOf(jwe, keys, absent, where);
  const { contentKey } = opened;
  const trusted = vouched(jwe, contentKey, where);
  const plaintext = decryptContent(jwe, contentKey, context);
  if (!plaintext)
    throw new ConfigError('crypto', `${where} was changed after it was encrypted`, {
      hint: 'Take it from version control or a backup, and look at who could write to it',
    });
  const { cty } = jwe.protectedHeader;
  return {
    jwe,
    plaintext,
    opened,
    contentType: typeof cty === 'string' ? cty.replace(/^application\//, '') : undefined,
    trusted,
  };
}

/** A fresh content key, encrypted for each of `recipients`. */
export async function makeEnvelope(
  plaintext: Buffer,
  recipients: readonly FileKey[],
  { contentType, context, where }: Expected & { readonly contentType: string },
): Promise<string> {
  if (recipients.length === 0)
    throw new ConfigError('crypto', `${where} would be encrypted for nobody`, {
      hint: 'Give at least one key',
    });
  const contentKey = randomBytes(32);
  const wrapped = await wrapForAll(recipients, contentKey);
  twice(wrapped, where);
  const protectedText = base64url(Buffer.from(JSON.stringify({ enc: 'A256GCM', cty: contentType })));
  const content = encryptContent(contentKey, plaintext, protectedText, context);
  const head = { protectedText, protectedHeader: {}, unprotected: {}, recipients: [], claimed: context };
  return printJwe(withRecipients({ ...head, ...content }, contentKey, wrapped));
}

/** The same readers, a new text, a new content key. */
export async function rewriteEnvelope(
  envelope: Envelope,
  plaintext: Buffer,
  keys: readonly FileKey[],
  expected: Expected & { readonly contentType: string },
): Promise<string> {
  return makeEnvelope(
    plaintext,
    await keysForAll(envelope.jwe, envelope.opened, envelope.trusted, keys, expected.where),
    expected,
  );
}

/** What the headers may say that is true of every recipient. */
const sharedNames = new Set(['enc', 'cty', 'typ', 'recipients_mac']);

/** Other readers of the same content: only the content key is encrypted anew, the ciphertext stays byte for byte. */
export async function changeRecipients(
  envelope: Envelope,
  change: { readonly add?: readonly FileKey[]; readonly remove?: readonly string[] },
  where: string,
): Promise<string> {
  const { jwe, trusted } = envelope;
  const { contentKey } = envelope.opened;
  const { add = [], remove = [] } = change;
  if (Object.keys({ ...jwe.protectedHeader, ...jwe.unprotected }).some((name) => !sharedNames.has(name)))
    throw new ConfigError(
      'crypto',
      `${where} was made by another program for one recipient only, in a form that cannot take more`,
      {
        hint: 'Decrypt it and encrypt it again with llm-config',
      },
    );
  for (const kid of remove)
    if (!jwe.recipients.some((one) => one.header.kid === kid))
      throw new ConfigError('crypto', `${where} has no recipient ${quoted(kid)}`, {
        hint: `There are ${jwe.recipients.map((one) => nameOf(jointHeader(jwe, one, where))).join(', ')}`,
      });
  // a list that nothing vouches for may hold a stranger's public key: it must not be believed from now on
  const kept = jwe.recipients
    .filter((one) => !remove.includes(one.header.kid as string))
    .map((one) => (trusted ? one : { ...one, header: without(one.header, 'jwk') }));
  const recipients = [...kept, ...(await wrapForAll(add, contentKey))];
  if (recipients.length === 0)
    throw new ConfigError('crypto', `${where} would be left without any recipient`, {
      hint: 'Add another one first',
    });
  twice(recipients, where);
  return printJwe(withRecipients(jwe, contentKey, recipients));
}

const wrapForAll = (keys: readonly FileKey[], contentKey: Buffer): Promise<Recipient[]> =>
  Promise.all(keys.map((key) => key.wrap(contentKey)));

const without = (header: Recipient['header'], name: string): Recipient['header'] =>
  Object.fromEntries(Object.entries(header).filter(([one]) => one !== name));

function twice(recipients: readonly Recipient[], where: string): void {
  const seen = new Set<unknown>();
  for (const { header } of recipients) {
    if (header.kid !== undefined && seen.has(header.kid))
      throw new ConfigError('crypto', `${where} has a recipient ${nameOf(header)} already`, {
        hint: 'Give the other key another name (kid), or remove the first',
      });
    seen.add(header.kid);
  }
}

function otherContext(claimed: string | undefined, expected: string | undefined, where: string): ConfigError {
  if (expected === undefined)
    return new ConfigError('crypto', `${where} is bound to a context and was opened without one`, {
      hint: `It says ${quoted(claimed)}. If that is what you expect, give it as context`,
    });
  const said = claimed === undefined ? 'it is bound to none' : `it says ${quoted(claimed)}`;
  return new ConfigError('crypto', `${where} is not for the context ${quoted(expected)}: ${said}`, {
    hint: 'It may be the file of another environment. Give the right file, or the right context',
  });
}
