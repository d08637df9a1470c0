import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import type { FileKey } from './file-key.ts';
import { base64url, type Header } from './jose.ts';
import { type Jwe, jointHeader, type Recipient } from './jwe.ts';
import { x25519 } from './primitives.ts';
import { extensionAlgorithm } from './remote-key.ts';
import { AgreementKey, maxIterations, tooManyRounds } from './wrapping.ts';

const ours = new Set(['A256GCMKW', 'PBES2-HS512+A256KW', 'ECDH-ES+A256KW']);

/** How a recipient is told apart in messages and lists. */
export const nameOf = (header: Header): string =>
  typeof header.kid === 'string' ? quoted(header.kid) : `one without a name`;

/** Refuses a file with a recipient whose algorithm is unknown, broken or weaker than what we write. */
export function checkAlgorithms(jwe: Jwe, where: string): void {
  for (const recipient of jwe.recipients) {
    const { alg } = jointHeader(jwe, recipient, where) as { alg: string };
    if (ours.has(alg) || (extensionAlgorithm.test(alg) && alg !== 'none' && alg !== 'dir')) continue;
    throw new ConfigError(
      'crypto',
      `${where} encrypts its content key with ${quoted(alg)}, which is not accepted`,
      {
        hint: `Encrypt it again with one of ${[...ours].join(', ')}`,
      },
    );
  }
}

/** What opened a file, and with which key. */
export interface Opened {
  readonly contentKey: Buffer;
  readonly recipient: Recipient;
  readonly key: FileKey;
}

/** The content key, from the first recipient that one of the keys opens; cheap keys are tried first. */
export async function contentKeyOf(
  jwe: Jwe,
  keys: readonly FileKey[],
  absent: readonly string[],
  where: string,
): Promise<Opened> {
  const tried = new Set<FileKey>();
  let failure: unknown;
  for (const { key, recipient, header } of attempts(jwe, keys, where)) {
    if (sameName(key, header)) tried.add(key);
    try {
      const contentKey = await key.unwrap(recipient.encryptedKey, header, where);
      if (contentKey?.length === 32) return { contentKey, recipient, key };
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) throw failure;
  throw locked(jwe, keys, tried, absent, where);
}

interface Attempt {
  readonly key: FileKey;
  readonly recipient: Recipient;
  readonly header: Header;
}

const sameName = (key: FileKey, header: Header): boolean =>
  header.kid === undefined || key.kid === undefined || header.kid === key.kid;

/** What could open it: own keys before passwords, which take their time, before keys that a service holds. An own key is tried
 *  under other names too: a public key may have been given on without its name. A file may not keep its reader busy: beyond a
 *  number of rounds, passwords are not tried at all. */
function* attempts(jwe: Jwe, keys: readonly FileKey[], where: string): Generator<Attempt> {
  const all = keys
    .filter((key) => key.opens)
    .sort((a, b) => cost(a) - cost(b))
    .flatMap((key) =>
      jwe.recipients.map((recipient) => ({ key, recipient, header: jointHeader(jwe, recipient, where) })),
    )
    .filter(({ key, header }) => header.alg === key.algorithm && (cost(key) === 0 || sameName(key, header)));
  const rounds = all.reduce((sum, { header: { p2c } }) => sum + (typeof p2c === 'number' ? p2c : 0), 0);
  for (const attempt of all) {
    if (cost(attempt.key) === 1 && rounds > 2 * maxIterations) throw tooManyRounds(where, rounds);
    yield attempt;
  }
}

const cost = (key: FileKey): number =>
  key.algorithm.startsWith('PBES2') ? 1 : ours.has(key.algorithm) ? 0 : 2;

function locked(
  jwe: Jwe,
  keys: readonly FileKey[],
  tried: ReadonlySet<FileKey>,
  absent: readonly string[],
  where: string,
): ConfigError {
  const missing = absent.length > 0 ? `${absent.join(', ')}. ` : '';
  const names = (list: Iterable<FileKey>): string =>
    [...list].map((key) => (key.kid === undefined ? 'a password' : quoted(key.kid))).join(', ');
  if (tried.size > 0)
    return new ConfigError('crypto', `${where} is not opened by the key ${names(tried)}`, {
      hint: `${missing}It is another key of that name, a wrong password, or the file was changed`,
    });
  const holders = jwe.recipients.map((one) => nameOf(jointHeader(jwe, one, where))).join(', ');
  const given = keys.length === 0 ? 'there is no key here' : `the keys here are ${names(keys)}`;
  return new ConfigError('crypto', `${where} is encrypted for ${holders}; ${given}`, {
    hint: `${missing}Give one of those keys, or have somebody run: llm-config recipients add`,
  });
}

const macName = 'recipients_mac';

/** Who may read is authenticated by who can read: otherwise a stranger could slip in a public key of his own, and the next
 *  write would encrypt for him. Header members are sorted, so that the order in which a tool prints them does not matter. */
function macOf(contentKey: Buffer, recipients: readonly Recipient[]): Buffer {
  const key = Buffer.from(
    hkdfSync('sha256', contentKey, Buffer.alloc(0), 'llm-config-manager recipients', 32),
  );
  const list = recipients.map(({ header, encryptedKey }) => [sorted(header), base64url(encryptedKey)]);
  return createHmac('sha256', key).update(JSON.stringify(list)).digest();
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted((value as Header)[name])]));
}

export function withRecipients(jwe: Jwe, contentKey: Buffer, recipients: readonly Recipient[]): Jwe {
  return {
    ...jwe,
    recipients,
    unprotected: { ...jwe.unprotected, [macName]: base64url(macOf(contentKey, recipients)) },
  };
}

/** False: nothing vouches for the list, since another program made the file. Throws when somebody has changed it. */
export function vouched(jwe: Jwe, contentKey: Buffer, where: string): boolean {
  const mac = jwe.unprotected[macName];
  if (mac === undefined) return false;
  const expected = macOf(contentKey, jwe.recipients);
  const given = typeof mac === 'string' ? Buffer.from(mac, 'base64url') : Buffer.alloc(0);
  if (given.length === expected.length && base64url(given) === mac && timingSafeEqual(given, expected))
    return true;
  throw new ConfigError(
    'crypto',
    `${where}: its list of recipients was changed by somebody who cannot read it`,
    {
      hint: 'Take the file from version control or a backup, and look at who could write to it',
    },
  );
}

/** The keys with which to encrypt a new content key for everybody who can read now. Nobody is dropped silently, and nobody is
 *  replaced by a key of the same name. */
export function keysForAll(
  jwe: Jwe,
  opened: Opened,
  trusted: boolean,
  keys: readonly FileKey[],
  where: string,
): Promise<FileKey[]> {
  const keyFor = async (recipient: Recipient): Promise<FileKey> => {
    const header = jointHeader(jwe, recipient, where);
    if (recipient === opened.recipient) return named(opened.key, header);
    for (const key of keys)
      if (key.algorithm === header.alg && (await isFor(key, recipient, header, opened, where)))
        return named(key, header);
    const publicKey = trusted && header.alg === 'ECDH-ES+A256KW' ? x25519(header.jwk) : undefined;
    if (publicKey && typeof header.kid === 'string')
      return new AgreementKey(publicKey, undefined, header.kid);
    throw new ConfigError(
      'crypto',
      `${where} cannot be written: it is also encrypted for ${nameOf(header)} (${quoted(header.alg)}), whose key is not here`,
      {
        hint: 'Give that key too, remove that recipient, or make it an x25519 one, for whom everybody can write',
      },
    );
  };
  return Promise.all(jwe.recipients.map(keyFor));
}

/** A key proves itself by opening; a public one, and one that a service holds, are taken by their names. */
async function isFor(
  key: FileKey,
  recipient: Recipient,
  header: Header,
  { contentKey }: Opened,
  where: string,
): Promise<boolean> {
  if (!key.opens || cost(key) === 2) return key.kid === header.kid;
  if (cost(key) === 1 && !sameName(key, header)) return false;
  return (await key.unwrap(recipient.encryptedKey, header, where))?.equals(contentKey) === true;
}

/** A key under the name that the file has for it. */
function named(key: FileKey, header: Header): FileKey {
  const { kid } = header;
  if (typeof kid !== 'string' || kid === key.kid) return key;
  return {
    kid,
    algorithm: key.algorithm,
    opens: key.opens,
    unwrap: (...args) => key.unwrap(...args),
    async wrap(contentKey) {
      const { header, encryptedKey } = await key.wrap(contentKey);
      return { header: { ...header, kid }, encryptedKey };
    },
  };
}
