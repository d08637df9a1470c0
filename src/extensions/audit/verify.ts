// Verifies the logs of a directory: every entry against the checkpoints, every checkpoint against the
// keys. Used by `llm-config audit verify`. Memory does not grow with the logs.

import { ConfigError } from '../../errors.ts';
import { type LogFolder, logsIn } from './folder.ts';
import { keysIn } from './key-history.ts';
import {
  type Checkpoint,
  isValid,
  parseCheckpoint,
  parseVerifier,
  type Verifier,
  verifierOf,
  verifierText,
} from './note.ts';
import { type Finding, Replay } from './replay.ts';
import { isTorn } from './scan.ts';

/** The options of `verifyLogs`. */
export interface VerifyOptions {
  /** The keys to trust, as `NAME+ID+KEY`. NAME is the origin of a log, or its beginning up to a slash. */
  readonly keys: readonly string[];
  /** Signed checkpoints that were kept elsewhere. Without one, a log whose end was cut off passes.
   *  @default none */
  readonly checkpoints?: readonly string[];
}

/** What a log is found to be. */
export interface VerifiedLog {
  /** HOST/INSTANCE: the folder. */
  readonly name: string;
  readonly origin: string | undefined;
  /** The number of the first entry that is still there. */
  readonly first: number;
  /** How many entries the last checkpoint has signed, deleted ones included. */
  readonly size: number;
  readonly checkpoint: string | undefined;
  /** The verifiers of the keys that have signed, the oldest first. */
  readonly signers: readonly string[];
  /** Bytes after the last checkpoint. A crash leaves them, and nothing in them was acknowledged. */
  readonly tailBytes: number;
  /** How many kept checkpoints are of entries that have been deleted. */
  readonly unchecked: number;
  readonly finding?: Finding | undefined;
}

/** The result of `verifyLogs`. */
export interface Verification {
  /** Whether nothing was found. */
  readonly ok: boolean;
  readonly logs: readonly VerifiedLog[];
  /** The origins of kept checkpoints whose log is missing. */
  readonly missing: readonly string[];
}

/** Verifies all logs in a directory.
 *  @throws ConfigError `not_found` without a log, `invalid_option` for a key or a checkpoint that is not one
 *  @example
 *  const { ok, logs } = await verifyLogs('/var/log/app/audit', { keys: [verifier], checkpoints: [kept] });
 *  for (const { name, finding } of logs) if (finding) console.error(name, finding.message); */
export async function verifyLogs(directory: string, options: VerifyOptions): Promise<Verification> {
  const given = options.keys.map(parseVerifier);
  const kept = (options.checkpoints ?? []).map(keptCheckpoint);
  const logs: VerifiedLog[] = [];
  for (const folder of await logsIn(directory)) logs.push(await verifyLog(folder, given, kept));
  const missing = kept
    .map(({ origin }) => origin)
    .filter((origin) => logs.every((log) => log.origin !== origin));
  return {
    ok: missing.length === 0 && logs.every(({ finding }) => !finding),
    logs,
    missing: [...new Set(missing)],
  };
}

function keptCheckpoint(text: string): Checkpoint {
  const checkpoint = parseCheckpoint(text);
  if (checkpoint) return checkpoint;
  throw new ConfigError('invalid_option', 'audit: the kept checkpoint is not a signed checkpoint', {
    hint: 'Pass the whole text that publish received, line breaks included',
  });
}

/** The keys as those of one log: a key signs under the origin of each log. */
const keysFor = (given: readonly Verifier[], origin: string): readonly Verifier[] =>
  given
    .filter(({ name }) => origin === name || origin.startsWith(`${name}/`))
    .map(({ raw }) => verifierOf(origin, raw));

async function verifyLog(
  { path, name, files }: LogFolder,
  given: readonly Verifier[],
  kept: readonly Checkpoint[],
): Promise<VerifiedLog> {
  const listed = await keysIn(path);
  const signers = new Set<string>();
  const trusted = new Set<string>();
  let trustedSize: number | undefined;
  const replay = new Replay({
    keys: (origin) => {
      const own = keysFor(given, origin);
      for (const key of own) trusted.add(verifierText(key));
      return [...own, ...listed.filter((key) => key.name === origin)];
    },
    kept: (origin) => kept.filter((one) => one.origin === origin).sort((a, b) => a.size - b.size),
    onCheckpoint({ size }, by) {
      const texts = by.map(verifierText);
      for (const text of texts) signers.add(text);
      if (!texts.some((text) => trusted.has(text))) return;
      for (const text of texts) trusted.add(text);
      trustedSize = size;
    },
  });
  for (const { path: file } of files) {
    await replay.file(file);
    if (!replay.finding) continue;
    // a torn batch at the end was never acknowledged
    if (file === files.at(-1)?.path && replay.origin && (await isTorn(file, replay.end)))
      replay.finding = undefined;
    break;
  }
  replay.finish();
  const { origin, first, edge, note, tailBytes, unchecked } = replay;
  const finding =
    replay.finding ??
    untrusted(edge.size, trustedSize) ??
    forged(kept, origin, [...trusted]) ??
    misplaced(name, origin);
  const size = edge.size;
  return {
    name,
    origin,
    first,
    size,
    checkpoint: note,
    signers: [...signers],
    tailBytes,
    unchecked,
    finding,
  };
}

function untrusted(size: number, trustedSize: number | undefined): Finding | undefined {
  if (trustedSize === size) return undefined;
  const from = trustedSize === undefined ? 'the log' : `the entries from ${trustedSize} on`;
  return { kind: 'unsigned', entry: trustedSize ?? 0, message: `none of the given keys has signed ${from}` };
}

/** A copy of one log in place of another would hide that one. */
function misplaced(name: string, origin = ''): Finding | undefined {
  if (!name.includes('/') || origin.endsWith(`/${name}`)) return undefined;
  return { kind: 'added', entry: 0, message: `the folder holds the log ${origin}` };
}

/** A kept checkpoint must be signed, too: it may have been exchanged. */
function forged(
  kept: readonly Checkpoint[],
  origin: string | undefined,
  trusted: readonly string[],
): Finding | undefined {
  const keys = trusted.map(parseVerifier);
  const isSigned = (one: Checkpoint): boolean =>
    one.signatures.some((signature) => keys.some((key) => isValid(one, signature, key)));
  const one = kept.find((checkpoint) => checkpoint.origin === origin && !isSigned(checkpoint));
  return (
    one && {
      kind: 'unsigned',
      entry: one.size,
      message: `no trusted key has signed the kept checkpoint at ${one.size}`,
    }
  );
}
