// The content of a snapshot: a compact JWE, whose header says whose it is, from when and which number it has,
// and inside a line of JSON for each leaf. Used by snapshot-file.ts. Works in turns: a snapshot may have
// 100,000 lines. A content of a line that this version does not know is refused as a whole.

import { randomBytes } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import type { FileKey } from '../../sealing/file-key.ts';
import { base64url, type JoseHeader } from '../../sealing/jose.ts';
import { decryptContent, encryptContent, parseCompact, type Recipient } from '../../sealing/jwe.ts';
import type { FoundKeys } from '../../sealing/key-sources.ts';
import { checkAlgorithms, contentKeyOf } from '../../sealing/recipients.ts';
import { inTurns, type Steps, stepLength } from '../../turns.ts';
import { type ConfigValue, isTree, type Key } from '../../value.ts';
import { Memory } from './memory.ts';
import { type Leaf, type StoredValue, storedValue } from './remembered-leaf.ts';

const type = 'llm-config-snapshot+1';

/** What a snapshot says about itself. Authenticated. */
export interface SnapshotHead {
  readonly app: string;
  readonly tenant?: string | undefined;
  /** When it was written, by the clock of the system. */
  readonly savedAt: number;
  /** Grows by one with each write. */
  readonly sequence: number;
  /** A store was found wiped: the file from before is kept until it is cleared. */
  readonly kept?: boolean | undefined;
}

/** What each provider's snapshot knows, by the name of the provider. */
export type Stores = Map<string, Memory>;

export interface Content {
  readonly head: SnapshotHead;
  readonly stores: Stores;
}

/** Turns a time of the memory into one of the file. */
export type ToFile = (time: number) => number;
/** Turns a time of the file into one of the memory. */
export type FromFile = (time: number, kind: Leaf['kind'] | 'complete') => number;

/** A content key of this process and its encrypted form, so that not each write asks a key service. */
interface Wrapped {
  readonly contentKey: Buffer;
  readonly recipient: Recipient;
}
const wrappedKeys = new WeakMap<FileKey, Promise<Wrapped>>();

async function wrap(key: FileKey): Promise<Wrapped> {
  const contentKey = randomBytes(32);
  return { contentKey, recipient: await key.wrap(contentKey) };
}

/** Encrypts a content with the first key that can also decrypt it. */
export async function sealContent(
  { head, stores }: Content,
  { keys, absent }: FoundKeys,
  toFile: ToFile,
  where: string,
): Promise<string> {
  const key = keys.find(({ opens }) => opens);
  if (!key)
    throw new ConfigError('crypto', `${where} cannot be written: no key, ${absent.join(', ')}`, {
      hint: 'Check the option keys',
    });
  let wrapped = wrappedKeys.get(key);
  if (!wrapped) {
    wrapped = wrap(key);
    wrappedKeys.set(key, wrapped);
    wrapped.catch(() => wrappedKeys.delete(key));
  }
  const { contentKey, recipient } = await wrapped;
  const { jwk: _, ...own } = recipient.header;
  const { app, tenant, savedAt, sequence, kept } = head;
  const header = { ...own, enc: 'A256GCM', typ: type, app, tenant, savedAt, sequence, kept };
  const protectedText = base64url(Buffer.from(JSON.stringify(header)));
  const plaintext = Buffer.from((await inTurns(linesOf(stores, toFile))).join('\n'), 'utf8');
  const { iv, ciphertext, tag } = encryptContent(contentKey, plaintext, protectedText, undefined);
  return [protectedText, ...[recipient.encryptedKey, iv, ciphertext, tag].map(base64url)].join('.');
}

/** Whether a text is a snapshot by its header, which may be forged. */
export function isSnapshot(text: string): boolean {
  try {
    return parseCompact(text, 'the snapshot').protectedHeader.typ === type;
  } catch {
    return false;
  }
}

/** Decrypts a content. Whose it is and how old, the caller decides by its head.
 *  @throws ConfigError `crypto` or `parse` for a file that was changed, or that no key opens */
export async function openContent(
  text: string,
  { keys, absent }: FoundKeys,
  fromFile: FromFile,
  where: string,
): Promise<Content> {
  const jwe = parseCompact(text, where);
  if (jwe.protectedHeader.typ !== type) throw unreadable(where);
  checkAlgorithms(jwe, where);
  const { contentKey } = await contentKeyOf(jwe, keys, absent, where);
  const plaintext = decryptContent(jwe, contentKey, undefined);
  if (!plaintext)
    throw new ConfigError('crypto', `${where} was changed after it was written`, {
      hint: 'Check who can write to it; the next write replaces it',
    });
  const head = headOf(jwe.protectedHeader, where);
  return { head, stores: await inTurns(storesOf(plaintext.toString('utf8'), fromFile, where)) };
}

function headOf({ app, tenant, savedAt, sequence, kept }: JoseHeader, where: string): SnapshotHead {
  const isValid =
    typeof app === 'string' &&
    (tenant === undefined || typeof tenant === 'string') &&
    Number.isFinite(savedAt) &&
    Number.isSafeInteger(sequence);
  if (!isValid) throw unreadable(where);
  return {
    app: app as string,
    tenant: tenant as string | undefined,
    savedAt: savedAt as number,
    sequence: sequence as number,
    ...(kept === true && { kept }),
  };
}

const unreadable = (where: string): ConfigError =>
  new ConfigError('parse', `${where} is not a snapshot of this version`, {
    hint: 'Run: llm-config snapshot clear',
  });

type Line =
  | readonly ['store', name: string]
  | readonly ['complete', prefix: Key, at: number]
  | readonly ['value', key: Key, at: number, value: StoredValue, tagged?: 1]
  | readonly ['absent' | 'unknown', key: Key, at: number];

function* linesOf(stores: Stores, toFile: ToFile): Steps<string[]> {
  const lines: string[] = [];
  const add = (line: Line): void => void lines.push(JSON.stringify(line));
  for (const [name, { leaves, complete }] of stores) {
    add(['store', name]);
    for (const [prefix, at] of complete) add(['complete', prefix, toFile(at)]);
    for (const [key, leaf] of leaves) {
      add(lineOf(key, leaf, toFile(leaf.at)));
      if (lines.length % stepLength === 0) yield;
    }
  }
  return lines;
}

function lineOf(key: Key, leaf: Leaf, at: number): Line {
  if (leaf.kind !== 'value') return [leaf.kind, key, at];
  const stored = storedValue(leaf);
  if (isJson(stored.v)) return ['value', key, at, stored];
  return ['value', key, at, { ...stored, v: tagged(stored.v) }, 1];
}

function* storesOf(text: string, fromFile: FromFile, where: string): Steps<Stores> {
  const stores: Stores = new Map();
  let memory = new Memory();
  let from = 0;
  let count = 0;
  while (from < text.length) {
    const end = text.indexOf('\n', from);
    const line = JSON.parse(text.slice(from, end < 0 ? text.length : end)) as Line;
    from = end < 0 ? text.length : end + 1;
    if (line[0] === 'store') stores.set(line[1], (memory = new Memory()));
    else addLine(memory, line, fromFile(line[2], line[0]), where);
    if (++count % stepLength === 0) yield;
  }
  return stores;
}

function addLine(
  { leaves, complete }: Memory,
  line: Exclude<Line, readonly ['store', string]>,
  at: number,
  where: string,
): void {
  const [kind, key] = line;
  if (kind === 'complete') complete.set(key, at);
  else if (kind === 'value') {
    const [, , , stored, isTagged] = line;
    const entry = isTagged ? { ...stored, v: untagged(stored.v) } : stored;
    leaves.set(key, { kind, at, path: '', entry });
  } else if (kind === 'absent' || kind === 'unknown') leaves.set(key, { kind, at });
  else throw unreadable(where);
}

/** Whether JSON keeps a value as it is. */
function isJson(value: ConfigValue): boolean {
  if (typeof value === 'bigint') return false;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isJson);
}

/** A value as a list of its kind and its text or its parts. */
function tagged(value: ConfigValue): ConfigValue {
  if (typeof value === 'bigint') return ['bigint', String(value)];
  if (typeof value === 'number') return ['number', Object.is(value, -0) ? '-0' : String(value)];
  if (Array.isArray(value)) return ['list', value.map(tagged)];
  if (isTree(value))
    return ['tree', Object.entries(value).map(([name, inner]): ConfigValue => [name, tagged(inner)])];
  return ['plain', value];
}

function untagged(given: ConfigValue): ConfigValue {
  const [kind, value] = given as [string, ConfigValue];
  if (kind === 'bigint') return BigInt(value as string);
  if (kind === 'number') return Number(value);
  if (kind === 'list') return (value as readonly ConfigValue[]).map(untagged);
  if (kind !== 'tree') return value;
  const members = (value as [string, ConfigValue][]).map(([name, inner]) => [name, untagged(inner)] as const);
  return Object.fromEntries(members);
}
