// What an entry of an audit log holds, and how it becomes a line. Used by everything in this folder. No field
// has a place for a value or for a hash of one, and a line has no other fields.

import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '../../errors.ts';
import type { Key } from '../../value.ts';

/** The types of entries. `config.read` and `secret.accessed`: a value was handed over. `config.loaded`: a
 *  load, a list or a tree brought secrets into memory. `audit.*`: the log about itself. */
export type AuditType =
  | 'config.read'
  | 'config.loaded'
  | 'config.created'
  | 'config.updated'
  | 'config.deleted'
  | 'secret.accessed'
  | 'secret.rotated'
  | 'policy.violated'
  | 'permission.denied'
  | 'authentication.succeeded'
  | 'authentication.failed'
  | 'health.degraded'
  | 'health.recovered'
  | 'audit.key_changed'
  | 'audit.gap';

/** The secrets that a load has brought into memory, of one provider and version. */
export interface LoadedSecrets {
  readonly provider?: string;
  readonly version?: string;
  readonly keys: readonly Key[];
}

/** What an application or an interceptor records. */
export interface AuditFields {
  readonly type: AuditType;
  /** Who: a pseudonym. @default the process */
  readonly actor?: string | undefined;
  /** The address of the actor. Recorded only if `identify` returns one. */
  readonly ip?: string | undefined;
  /** The operation: `get`, `set`, `load`. */
  readonly action?: string | undefined;
  readonly key?: Key | undefined;
  readonly provider?: string | undefined;
  readonly version?: string | undefined;
  /** @default 'ok' */
  readonly outcome?: 'ok' | 'absent' | ErrorCode | undefined;
  /** Why it was refused, or what changed. */
  readonly reason?: string | undefined;
  /** The id that the events and errors of the operation have. */
  readonly operation?: string | undefined;
  readonly traceId?: string | undefined;
  readonly durationMs?: number | undefined;
  /** The secrets of a load: at most 1,000 keys in one entry. */
  readonly secrets?: readonly LoadedSecrets[] | undefined;
  /** The number of this entry among those of one load, from 2 on. */
  readonly part?: number | undefined;
  /** How often an access was repeated after the entry `of`, or how many events found no place. */
  readonly count?: number | undefined;
  /** The id of the entry whose access was repeated. */
  readonly of?: string | undefined;
  /** The verifier of the new key of the log. */
  readonly verifier?: string | undefined;
}

/** An entry, as a line of the log holds it. */
export interface AuditEntry extends AuditFields {
  /** A ULID: sorts by time, and within a log by the order of the lines. */
  readonly id: string;
  /** ISO 8601, in UTC. */
  readonly time: string;
  readonly actor: string;
  readonly outcome: 'ok' | 'absent' | ErrorCode;
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function base32(value: number, length: number): string {
  let text = '';
  for (let left = value, i = 0; i < length; i++, left = Math.floor(left / 32))
    text = digits[left % 32] + text;
  return text;
}

const half = 2 ** 40;

/** Makes ULIDs, each greater than the one before, also while the clock is put back. */
export class Ids {
  #time = 0;
  #high = 0;
  #low = 0;
  #prefix = '';

  next(now: number): string {
    if (now > this.#time) {
      this.#time = now;
      const random = randomBytes(10);
      this.#high = random.readUIntBE(0, 5) % (half / 2); // leaves room to count up
      this.#low = random.readUIntBE(5, 5);
      this.#prefix = base32(now, 10);
    } else if (++this.#low === half) {
      this.#low = 0;
      this.#high++;
    }
    return this.#prefix + base32(this.#high, 8) + base32(this.#low, 8);
  }
}

const isField: { readonly [N in keyof (AuditEntry & LoadedSecrets)]-?: true } = {
  id: true,
  time: true,
  type: true,
  actor: true,
  outcome: true,
  ip: true,
  action: true,
  key: true,
  provider: true,
  version: true,
  reason: true,
  operation: true,
  traceId: true,
  durationMs: true,
  secrets: true,
  keys: true,
  part: true,
  count: true,
  of: true,
  verifier: true,
};

/** The fields of a line and of its `secrets`, in the order of the line. */
export const fieldNames = Object.keys(isField);

/** A line with the zero byte before it that makes it a leaf, and the line break after it. Leaves out other
 *  fields: an application may pass an object that also has a value. */
export const lineOf = (entry: AuditEntry): Buffer => Buffer.from(`\0${JSON.stringify(entry, fieldNames)}\n`);
