// Proofs for other people's verifiers: that an entry is in a log, and that a log continues an earlier
// checkpoint. Used by `llm-config audit prove`. Holds 32 bytes for each entry of the log.

import { ConfigError } from '../../errors.ts';
import { type LogFolder, logsIn } from './folder.ts';
import { keysIn } from './key-history.ts';
import { type Checkpoint, parseCheckpoint } from './note.ts';
import { Replay } from './replay.ts';
import { Leaves } from './tree.ts';

/** A proof that an entry is in a log. */
export interface Proof {
  readonly origin: string;
  /** The number of the entry. */
  readonly index: number;
  /** The entry: the bytes of its line are the leaf. */
  readonly line: string;
  /** The signed checkpoint of the tree. */
  readonly checkpoint: string;
  /** Base64, from the leaf up. */
  readonly inclusion: readonly string[];
  /** With an earlier checkpoint: base64, as RFC 6962 orders them. */
  readonly consistency?: readonly string[];
  /** The proof of inclusion as text, in the form of `c2sp.org/tlog-proof@v1`. */
  readonly text: string;
}

/** Proves an entry, by its `id`. With `earlier`, also proves that the log continues that checkpoint.
 *  @throws ConfigError `not_found` if no log has the entry, `crypto` if the log was changed */
export async function proveEntry(directory: string, id: string, earlier?: string): Promise<Proof> {
  const older = earlier === undefined ? undefined : parseCheckpoint(earlier);
  if (earlier !== undefined && !older)
    throw new ConfigError('invalid_option', 'audit: the earlier checkpoint is not a signed checkpoint');
  for (const log of await logsIn(directory)) {
    const proof = await proofIn(log, id, older);
    if (proof) return proof;
  }
  throw new ConfigError('not_found', 'audit: no log has an entry with this id', {
    hint: 'Copy the id from llm-config audit tail or export',
  });
}

async function proofIn(
  log: LogFolder,
  id: string,
  older: Checkpoint | undefined,
): Promise<Proof | undefined> {
  const head = `{"id":"${id}"`;
  const listed = await keysIn(log.path);
  let leaves = new Leaves();
  let found: { readonly index: number; readonly line: string } | undefined;
  const replay = new Replay({
    keys: (origin) => listed.filter(({ name }) => name === origin),
    onStart: (edge) => {
      leaves = new Leaves(edge);
    },
    onLeaf: (leaf, index, buffer, begin, end) => {
      leaves.add(leaf);
      if (!found && buffer.toString('latin1', begin, begin + head.length) === head)
        found = { index, line: buffer.toString('utf8', begin, end) };
    },
  });
  for (const { path } of log.files) await replay.file(path);
  const { origin, note, finding, edge } = replay;
  if (!found || found.index >= edge.size) return undefined;
  if (finding || origin === undefined || note === undefined)
    throw new ConfigError(
      'crypto',
      `audit: ${log.name}: ${finding?.message ?? 'the log has no checkpoint'}`,
      {
        hint: 'Run llm-config audit verify',
      },
    );
  const inclusion = leaves.inclusion(found.index, edge.size).map(base64);
  const text = ['c2sp.org/tlog-proof@v1', `index ${found.index}`, ...inclusion, '', note].join('\n');
  const proof = { origin, ...found, checkpoint: note, inclusion, text };
  if (!older) return proof;
  if (older.origin !== origin || older.size > edge.size)
    throw new ConfigError('invalid_option', 'audit: the earlier checkpoint is not one of this log', {
      hint: 'Run llm-config audit verify with --checkpoint',
    });
  return { ...proof, consistency: leaves.consistency(older.size, edge.size).map(base64) };
}

const base64 = (hash: Buffer): string => hash.toString('base64');
