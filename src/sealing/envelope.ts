// Encrypted files as a whole: opening, making, rewriting, changing recipients. Used by encrypted files, cli/
// and the rotation of their keys. A write makes a new content key; a change of recipients keeps the
// ciphertext byte for byte. The context is authenticated and comes from the reader, never from the file.

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
  type OpenedRecipient,
  recipientName,
  verifyRecipients,
  withRecipients,
} from './recipients.ts';

/** An encrypted file that one of the keys has opened. */
export interface Envelope {
  readonly jwe: Jwe;
  readonly plaintext: Buffer;
  readonly opened: OpenedRecipient;
  readonly contentType: string | undefined;
  /** Whether the list of recipients is authenticated. False for a file of another program. */
  readonly trusted: boolean;
}

export interface Expected {
  /** The purpose of the file. Authenticated; comes from the reader, never from the file. */
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
  if (jwe.claimed !== context) throw wrongContext(jwe.claimed, context, where);
  const opened = await contentKeyOf(jwe, keys, absent, where);
  const { contentKey } = opened;
  const trusted = verifyRecipients(jwe, contentKey, where);
  const plaintext = decryptContent(jwe, contentKey, context);
  if (!plaintext)
    throw new ConfigError('crypto', `${where} was changed after it was encrypted`, {
      hint: 'Restore it from version control or a backup, and check who can write to it',
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

/** Encrypts with a new content key, which is encrypted for each of `recipients`. */
export async function makeEnvelope(
  plaintext: Buffer,
  recipients: readonly FileKey[],
  { contentType, context, where }: Expected & { readonly contentType: string },
): Promise<string> {
  if (recipients.length === 0)
    throw new ConfigError('crypto', `${where} needs at least one recipient`, {
      hint: 'Give at least one key',
    });
  const contentKey = randomBytes(32);
  const wrapped = await wrapForAll(recipients, contentKey);
  refuseDuplicates(wrapped, where);
  const protectedText = base64url(Buffer.from(JSON.stringify({ enc: 'A256GCM', cty: contentType })));
  const content = encryptContent(contentKey, plaintext, protectedText, context);
  const head = { protectedText, protectedHeader: {}, unprotected: {}, recipients: [], claimed: context };
  return printJwe(withRecipients({ ...head, ...content }, contentKey, wrapped));
}

/** Encrypts a new text for the same recipients, with a new content key. */
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

/** The shared headers that fit every recipient. */
const sharedNames = new Set(['enc', 'cty', 'typ', 'recipients_mac']);

/** Adds and removes recipients. The content key stays, and so does the ciphertext, byte for byte. */
export async function changeRecipients(
  envelope: Envelope,
  change: { readonly add?: readonly FileKey[]; readonly remove?: readonly string[] },
  where: string,
): Promise<string> {
  const { jwe, trusted } = envelope;
  const { contentKey } = envelope.opened;
  const { add = [], remove = [] } = change;
  if (Object.keys({ ...jwe.protectedHeader, ...jwe.unprotected }).some((name) => !sharedNames.has(name)))
    throw new ConfigError('crypto', `${where} was made by another program in a form for one recipient only`, {
      hint: 'Decrypt it and encrypt it again with llm-config',
    });
  for (const kid of remove)
    if (!jwe.recipients.some(({ header }) => header.kid === kid))
      throw new ConfigError('crypto', `${where} has no recipient ${quoted(kid)}`, {
        hint: `Choose one of ${namesOf(jwe, where)}`,
      });
  // An unauthenticated list may hold an attacker's public key, and the new MAC would authenticate it: drop
  // it.
  const kept = jwe.recipients
    .filter(({ header }) => !remove.includes(header.kid as string))
    .map((recipient) =>
      trusted ? recipient : { ...recipient, header: withoutMember(recipient.header, 'jwk') },
    );
  const recipients = [...kept, ...(await wrapForAll(add, contentKey))];
  if (recipients.length === 0)
    throw new ConfigError('crypto', `${where} cannot lose its last recipient`, {
      hint: 'Add another recipient first',
    });
  refuseDuplicates(recipients, where);
  return printJwe(withRecipients(jwe, contentKey, recipients));
}

const namesOf = (jwe: Jwe, where: string): string =>
  jwe.recipients.map((recipient) => recipientName(jointHeader(jwe, recipient, where))).join(', ');

const wrapForAll = (keys: readonly FileKey[], contentKey: Buffer): Promise<Recipient[]> =>
  Promise.all(keys.map((key) => key.wrap(contentKey)));

const withoutMember = (header: Recipient['header'], name: string): Recipient['header'] =>
  Object.fromEntries(Object.entries(header).filter(([member]) => member !== name));

function refuseDuplicates(recipients: readonly Recipient[], where: string): void {
  const seen = new Set<unknown>();
  for (const { header } of recipients) {
    if (header.kid !== undefined && seen.has(header.kid))
      throw new ConfigError('crypto', `${where} already has a recipient ${recipientName(header)}`, {
        hint: 'Give the other key another name (kid), or remove the first recipient',
      });
    seen.add(header.kid);
  }
}

function wrongContext(claimed: string | undefined, expected: string | undefined, where: string): ConfigError {
  if (expected === undefined)
    return new ConfigError('crypto', `${where} is bound to a context; the reader gave none`, {
      hint: `Set context to ${quoted(claimed)} if that is the context you expect`,
    });
  const actual = claimed === undefined ? 'no context' : quoted(claimed);
  return new ConfigError(
    'crypto',
    `${where} is for another context: expected ${quoted(expected)}, received ${actual}`,
    {
      hint: 'Use the file of this environment, or correct the context',
    },
  );
}
