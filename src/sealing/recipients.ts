// The recipients of a JWE: which key opens it, who can read it after a write, and a MAC over their list. Used
// by envelope.ts, seal.ts, cli/, snapshots and the rotation of keys. RFC 7516 does not authenticate
// recipients; without the MAC, anyone who can write the file could add a public key, and the next write would
// encrypt for it.

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import type { FileKey } from './file-key.ts';
import { base64url, type JoseHeader } from './jose.ts';
import { type Jwe, jointHeader, type Recipient } from './jwe.ts';
import { checkRounds, maxIterations, tooManyRounds, X25519Key } from './local-keys.ts';
import { x25519 } from './primitives.ts';
import { extensionAlgorithm } from './remote-key.ts';

const ownAlgorithms = new Set(['A256GCMKW', 'PBES2-HS512+A256KW', 'ECDH-ES+A256KW']);

const isPassword = (algorithm: string): boolean => algorithm === 'PBES2-HS512+A256KW';

/** The name of a recipient in messages and lists. */
export const recipientName = (header: JoseHeader): string =>
  typeof header.kid === 'string' ? quoted(header.kid) : 'a recipient without a name';

/** Refuses a file that has any recipient with an unknown, broken or weaker algorithm than the ones written,
 *  or with an invalid number of rounds: the numbers are added up later. */
export function checkAlgorithms(jwe: Jwe, where: string): void {
  for (const recipient of jwe.recipients) {
    const { alg, p2c } = jointHeader(jwe, recipient, where) as { alg: string; p2c?: unknown };
    if (isPassword(alg)) checkRounds(p2c, alg, where);
    if (ownAlgorithms.has(alg) || (extensionAlgorithm.test(alg) && alg !== 'none' && alg !== 'dir')) continue;
    throw new ConfigError(
      'crypto',
      `${where} encrypts its content key with ${quoted(alg)}, which is not accepted`,
      {
        hint: `Encrypt the content again with one of ${[...ownAlgorithms].join(', ')}`,
      },
    );
  }
}

/** The recipient that a key has opened, with that key and the content key. */
export interface OpenedRecipient {
  readonly contentKey: Buffer;
  readonly recipient: Recipient;
  readonly key: FileKey;
}

/** Finds the first recipient that one of the keys opens. Cheap keys are tried first. */
export async function contentKeyOf(
  jwe: Jwe,
  keys: readonly FileKey[],
  absent: readonly string[],
  where: string,
): Promise<OpenedRecipient> {
  const tried = new Set<FileKey>();
  let failure: unknown;
  const attempts = attemptsOf(jwe, keys, where);
  for (const { key, recipient, header } of attempts) {
    if (cost(key) === 1) checkTotalRounds(attempts, where);
    if (sameName(key, header)) tried.add(key);
    try {
      const contentKey = await key.unwrap(recipient.encryptedKey, header, where);
      if (contentKey?.length === 32) return { contentKey, recipient, key };
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) throw failure;
  throw noKeyOpens(jwe, keys, tried, absent, where);
}

interface Attempt {
  readonly key: FileKey;
  readonly recipient: Recipient;
  readonly header: JoseHeader;
}

const sameName = (key: FileKey, header: JoseHeader): boolean =>
  header.kid === undefined || key.kid === undefined || header.kid === key.kid;

/** Pairs of key and recipient to try, in order of cost: local keys, passwords, keys of a service. Local
 *  keys are tried under other names too, because a public key may have been passed on without its name. */
function attemptsOf(jwe: Jwe, keys: readonly FileKey[], where: string): readonly Attempt[] {
  return keys
    .filter((key) => key.opens)
    .sort((a, b) => cost(a) - cost(b))
    .flatMap((key) =>
      jwe.recipients.map((recipient) => ({ key, recipient, header: jointHeader(jwe, recipient, where) })),
    )
    .filter(({ key, header }) => header.alg === key.algorithm && (cost(key) === 0 || sameName(key, header)));
}

/** A file must not keep its reader busy: above a total number of rounds, no password is tried. Recipients of
 *  other keys do not count: their `p2c` has not been checked. */
function checkTotalRounds(attempts: readonly Attempt[], where: string): void {
  const most = 2 * maxIterations;
  const rounds = attempts
    .filter(({ key }) => isPassword(key.algorithm))
    .reduce((sum, { header }) => sum + (header.p2c as number), 0);
  if (rounds > most) throw tooManyRounds(where, rounds, most);
}

/** 0: a local key; 1: a password, which takes about a second; 2: a request to a service. */
const cost = (key: FileKey): number =>
  isPassword(key.algorithm) ? 1 : ownAlgorithms.has(key.algorithm) ? 0 : 2;

function noKeyOpens(
  jwe: Jwe,
  keys: readonly FileKey[],
  tried: ReadonlySet<FileKey>,
  absent: readonly string[],
  where: string,
): ConfigError {
  const missing = absent.length > 0 ? ` (${absent.join(', ')})` : '';
  const names = (list: Iterable<FileKey>): string =>
    [...list].map((key) => (key.kid === undefined ? 'a password' : quoted(key.kid))).join(', ');
  if (tried.size > 0)
    return new ConfigError('crypto', `${where} cannot be opened with the key ${names(tried)}${missing}`, {
      hint: 'Check for another key of that name, a wrong password, or a changed file',
    });
  const holders = jwe.recipients
    .map((recipient) => recipientName(jointHeader(jwe, recipient, where)))
    .join(', ');
  const given = keys.length === 0 ? 'no key is available' : `the available keys are ${names(keys)}`;
  return new ConfigError('crypto', `${where} is encrypted for ${holders}; ${given}${missing}`, {
    hint: 'Give one of those keys, or ask a holder to run: llm-config recipients add',
  });
}

const macName = 'recipients_mac';

/** A MAC over the list of recipients, with a key derived from the content key: only a reader of the file
 *  can make it. Header members are sorted, so the order in which a tool prints them does not matter. */
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
  return Object.fromEntries(names.map((name) => [name, sorted((value as JoseHeader)[name])]));
}

/** The JWE with these recipients and a new MAC over them. */
export function withRecipients(jwe: Jwe, contentKey: Buffer, recipients: readonly Recipient[]): Jwe {
  return {
    ...jwe,
    recipients,
    unprotected: { ...jwe.unprotected, [macName]: base64url(macOf(contentKey, recipients)) },
  };
}

/** Checks the MAC over the recipients. Returns `false` when the file has none, as files of other programs.
 *  @throws `crypto` when the list was changed. */
export function verifyRecipients(jwe: Jwe, contentKey: Buffer, where: string): boolean {
  const mac = jwe.unprotected[macName];
  if (mac === undefined) return false;
  const expected = macOf(contentKey, jwe.recipients);
  const given = typeof mac === 'string' ? Buffer.from(mac, 'base64url') : Buffer.alloc(0);
  if (given.length === expected.length && base64url(given) === mac && timingSafeEqual(given, expected))
    return true;
  throw new ConfigError(
    'crypto',
    `${where}: the list of recipients was changed without a key that opens the file`,
    {
      hint: 'Restore the file from version control or a backup, and check who can write to it',
    },
  );
}

/** The keys that encrypt a new content key for all present recipients. No recipient is dropped silently,
 *  and none is replaced by another key of the same name.
 *  @throws `crypto` when the key of a recipient is not available. */
export function keysForAll(
  jwe: Jwe,
  opened: OpenedRecipient,
  trusted: boolean,
  keys: readonly FileKey[],
  where: string,
): Promise<FileKey[]> {
  if (!trusted) checkTotalRounds(attemptsOf(jwe, keys, where), where);
  const keyFor = async (recipient: Recipient): Promise<FileKey> => {
    const header = jointHeader(jwe, recipient, where);
    if (recipient === opened.recipient) return withKid(opened.key, header);
    for (const key of keys)
      if (key.algorithm === header.alg && (await isKeyOf(key, recipient, header, opened, where)))
        return withKid(key, header);
    const publicKey = trusted && header.alg === 'ECDH-ES+A256KW' ? x25519(header.jwk) : undefined;
    if (publicKey && typeof header.kid === 'string') return new X25519Key(publicKey, undefined, header.kid);
    throw new ConfigError(
      'crypto',
      `${where} cannot be written without the key of ${recipientName(header)} (${quoted(header.alg)})`,
      {
        hint:
          'Give that key too, remove the recipient, or replace it by an x25519 one, ' +
          'which needs no secret to write',
      },
    );
  };
  return Promise.all(jwe.recipients.map(keyFor));
}

/** Whether a key belongs to a recipient: it must open it. Public keys and keys of a service match by name. */
async function isKeyOf(
  key: FileKey,
  recipient: Recipient,
  header: JoseHeader,
  { contentKey }: OpenedRecipient,
  where: string,
): Promise<boolean> {
  if (!key.opens || cost(key) === 2) return key.kid === header.kid;
  if (cost(key) === 1 && !sameName(key, header)) return false;
  return (await key.unwrap(recipient.encryptedKey, header, where))?.equals(contentKey) === true;
}

/** The key under the name that the file uses for it. */
function withKid(key: FileKey, header: JoseHeader): FileKey {
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
