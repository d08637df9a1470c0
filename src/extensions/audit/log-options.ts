// The options of an audit log, checked and with their defaults. Used by log.ts. An option that is undefined
// has its default.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import {
  aFunction,
  aNumber,
  anInteger,
  anObject,
  aString,
  type Check,
  checkOptions,
} from '../../internal/options.ts';
import { type Clock, systemClock } from '../../shelter/clock.ts';
import type { Publish } from './publisher.ts';
import type { AuditKey } from './signer.ts';

/** The options of `AuditLog.open`. */
export interface AuditLogOptions {
  /** The directory of the logs of all processes. This one writes below HOST/INSTANCE. */
  readonly directory: string;
  /** Names the logs in checkpoints, such as a host name and a path. Followed by HOST/INSTANCE. */
  readonly origin: string;
  /** The Ed25519 key that signs: a key object, `{ file }`, `{ env }`, `{ provider, key }`, or a signer. */
  readonly key: AuditKey;
  /** The key that signed this log before. Opening with another one records the change, signed by both.
   *  @default none */
  readonly previousKey?: AuditKey;
  /** The second last part of the name of the log.
   *  @default the name of the machine */
  readonly host?: string;
  /** The last part of the name of the log. Opening with the same one continues the log.
   *  @default random: a new log */
  readonly instance?: string;
  /** Receives the newest checkpoint. Keep it where a writer of the log cannot change it. @default none */
  readonly publish?: Publish;
  /** How often `publish` is called at most. @default 60_000 */
  readonly publishEveryMs?: number;
  /** The size at which a new file begins. One also begins each day. @default 67_108_864 */
  readonly maxFileBytes?: number;
  /** Deletes files of all logs in the directory that were last written so many days ago. @default none */
  readonly keepDays?: number;
  /** How long a signer may take. @default 10_000 */
  readonly signWithinMs?: number;
  /** The source of time. @default the system's */
  readonly clock?: Clock;
}

const aName: Check = (value) =>
  typeof value === 'string' && /^(?!\.+$)[\w.-]{1,100}$/.test(value)
    ? undefined
    : 'a name of letters, digits, ".", "_" and "-"';
const anOrigin: Check = (value) =>
  typeof value === 'string' && /^[^\s+]{1,300}(?<!\/)$/.test(value)
    ? undefined
    : 'a name without spaces and "+"';
const optionChecks = {
  directory: aString,
  origin: anOrigin,
  key: anObject,
  previousKey: anObject,
  host: aName,
  instance: aName,
  publish: aFunction,
  publishEveryMs: aNumber(0),
  maxFileBytes: anInteger(1024),
  keepDays: aNumber(1),
  signWithinMs: aNumber(1),
  clock: anObject,
};

const required = ['directory', 'origin', 'key'] as const;

/** The options, with the default of each that has one.
 *  @throws ConfigError `invalid_option` */
export function withDefaults(options: AuditLogOptions) {
  checkOptions('AuditLog', options, optionChecks);
  for (const name of required)
    if (options[name] === undefined)
      throw new ConfigError('invalid_option', `AuditLog: the option ${name} is missing`);
  return {
    ...options,
    directory: path.resolve(options.directory),
    host: options.host ?? hostname().replace(/[^\w.-]/g, '-'),
    instance: options.instance ?? randomUUID(),
    publishEveryMs: options.publishEveryMs ?? 60_000,
    maxFileBytes: options.maxFileBytes ?? 1 << 26,
    signWithinMs: options.signWithinMs ?? 10_000,
    clock: options.clock ?? systemClock,
  };
}

/** What `withDefaults` returns. */
export type LogSettings = ReturnType<typeof withDefaults>;
