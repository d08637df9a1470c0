// `audited`: an interceptor that records what is handed over, and to whom. Used in the option `intercept`
// of a chain, or with `intercepted` around a provider. Its failure is `audit_failed`, so nothing takes its
// place.

import type { Entry } from '../../entry.ts';
import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import type { Answer, Interceptor, Operation } from '../../interception.ts';
import { aFunction, anInteger, checkOptions, oneOf } from '../../internal/options.ts';
import type { Layer } from '../../provider.ts';
import type { ConfigTree } from '../../value.ts';
import type { AuditFields, AuditType } from './entry.ts';
import { inItems, inLayers, inParts, inTree, type Refused } from './loaded.ts';
import { AuditLog } from './log.ts';
import type { Coverage } from './open-operations.ts';
import type { Writing } from './recorder.ts';

/** Who asks: a pseudonym, because an entry cannot be removed. The address is recorded only if it is given. */
export type Actor = string | { readonly id: string; readonly ip?: string };

/** The options of `audited`. */
export interface AuditedOptions {
  /** Records the handing over of secrets, or of every value. Refusals are recorded with both.
   *  @default 'secrets' */
  readonly reads?: 'secrets' | 'all';
  /** Records only these operations. @default both */
  readonly only?: 'reads' | 'writes';
  /** `before`: an answer waits until its entry is on disk. `behind`: entries wait in a queue.
   *  @default 'before' */
  readonly mode?: 'before' | 'behind';
  /** How many entries may wait in mode `behind`. @default 10_000 */
  readonly queueLimit?: number;
  /** What an operation does when the queue is full: it fails with `audit_failed`, or waits.
   *  @default 'refuse' */
  readonly whenFull?: 'refuse' | 'block';
  /** Names the actor from the `context` of the call. @default the process */
  readonly identify?: (context: unknown) => Actor | undefined;
  /** The id of the current trace. @default none */
  readonly traceId?: () => string | undefined;
}

const optionChecks = {
  reads: oneOf('secrets', 'all'),
  only: oneOf('reads', 'writes'),
  mode: oneOf('before', 'behind'),
  queueLimit: anInteger(1),
  whenFull: oneOf('refuse', 'block'),
  identify: aFunction,
  traceId: aFunction,
};

const reading: ReadonlySet<string> = new Set(['get', 'getMany', 'list', 'layers', 'tree', 'load', 'reload']);
const writing: ReadonlySet<string> = new Set(['set', 'delete']);

/** Records the operations of a chain or a provider in a log. The first access of an actor to a version of
 *  a key in a minute is an entry before the answer; repeats are counted. A load is one entry with the
 *  secrets that it brings into memory. An operation whose entry cannot be written fails with `audit_failed`.
 *  @example
 *  const identify = (context) => context?.user;
 *  const chain = new ProviderChain([store, defaults], { intercept: audited(log, { identify }) });
 *  const writes = intercepted(new VaultProvider({ path: 'acme/' }), audited(log, { only: 'writes' }));
 *  @see AuditLog.listen records log-ins, rotations and health. */
export function audited(log: AuditLog, options: AuditedOptions = {}): Interceptor {
  if (!(log instanceof AuditLog))
    throw new ConfigError('invalid_option', 'audited: the first argument is not an AuditLog', {
      hint: 'Pass the result of AuditLog.open',
    });
  checkOptions('audited', options, optionChecks);
  const { mode = 'before', queueLimit = 10_000, whenFull = 'refuse' } = options;
  const how: Writing = { mode, queueLimit, whenFull };
  const { recorder, operations } = log;
  const interceptor: Interceptor = async function audited(operation, next) {
    const coverage = coverageOf(operation, options);
    const leave = coverage && operations.enter(operation, coverage);
    if (!leave) return next();
    try {
      recorder.check(); // before a write is done that could not be recorded
      const head = headOf(operation, options);
      const startedAt = performance.now();
      const record = (all: readonly AuditFields[]): Promise<unknown> => {
        const durationMs = Math.round(performance.now() - startedAt);
        return Promise.all(
          all.map((fields) => {
            const entry = { ...fields, ...head, type: fields.type, durationMs };
            return coverage === 'writes' ? recorder.write(entry, how) : recorder.access(entry, how);
          }),
        );
      };
      let answer: Answer;
      try {
        answer = await next();
      } catch (error) {
        await record(refusalOf(operation, error, coverage));
        throw error;
      }
      await record(handedOver(operation, answer, coverage));
      return answer;
    } finally {
      leave();
    }
  };
  return interceptor;
}

function coverageOf(
  { type, cause }: Operation,
  { reads = 'secrets', only }: AuditedOptions,
): Coverage | undefined {
  if (writing.has(type)) return only === 'reads' ? undefined : 'writes';
  // a hint about a misspelt key shows names only
  return reading.has(type) && only !== 'writes' && cause !== 'hint' ? reads : undefined;
}

function headOf({ options, operation, type, cause }: Operation, { identify, traceId }: AuditedOptions) {
  const actor = given('identify', () => identify?.(options.context));
  const { id, ip } = typeof actor === 'object' && actor !== null ? actor : { id: actor, ip: undefined };
  if (!isName(id) || !isName(ip))
    throw new ConfigError('audit_failed', 'audited: identify did not return the name of an actor', {
      hint: 'Return a non-empty text, { id, ip }, or undefined for the process',
    });
  const action = cause === 'call' || cause === type ? type : `${type} (${cause})`;
  return { actor: id, ip, action, operation, traceId: given('traceId', () => traceId?.()) };
}

const isName = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value !== '');

/** A failure of the application's function must not look like an outage. */
function given<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ConfigError('audit_failed', `audited: the function ${option} failed`, { cause });
  }
}

/** What an answer hands over. */
function handedOver(operation: Operation, answer: Answer, coverage: Coverage): AuditFields[] {
  const { type, key = '', provider } = operation;
  switch (type) {
    case 'get':
      return ofResult(key, answer as Entry | undefined, provider, coverage);
    case 'getMany':
      return [...(answer as ReadonlyMap<string, Entry | undefined | ConfigError>)].flatMap(([one, result]) =>
        ofResult(one, result, provider, coverage),
      );
    case 'set': {
      const { version, origin } = answer as Entry;
      const written = version === '1' ? 'config.created' : 'config.updated';
      return [{ type: written, key, provider: origin.provider, version }];
    }
    case 'delete':
      return [{ type: 'config.deleted', key, provider, outcome: answer === true ? 'ok' : 'absent' }];
    case 'list':
      return ofLoad(operation, inItems(answer as Parameters<typeof inItems>[0]), coverage);
    case 'tree':
      return ofLoad(
        operation,
        { secrets: inTree(answer as ConfigTree | undefined, key), refused: [] },
        coverage,
      );
    default:
      return ofLoad(operation, inLayers(answer as readonly Layer[]), coverage);
  }
}

function ofResult(
  key: string,
  result: Entry | undefined | ConfigError,
  provider: string,
  coverage: Coverage,
): AuditFields[] {
  if (isConfigError(result)) return ofError('config.read', result, { key, provider }, coverage);
  if (!result) return coverage === 'all' ? [{ type: 'config.read', key, provider, outcome: 'absent' }] : [];
  if (!result.secret && coverage !== 'all') return [];
  const type = result.secret ? 'secret.accessed' : 'config.read';
  return [{ type, key, provider: result.origin.provider, version: result.version }];
}

function ofLoad(
  { type, key, provider }: Operation,
  { secrets, refused }: ReturnType<typeof inLayers>,
  coverage: Coverage,
): AuditFields[] {
  const denials = refused.flatMap((one: Refused) =>
    ofError('config.read', one.error, { key: one.key, provider: one.provider }, coverage),
  );
  const isLoad = type === 'load' || type === 'reload';
  if (secrets.length === 0 && !isLoad && coverage !== 'all') return denials;
  const parts = inParts(secrets).map((some, i) => ({
    type: 'config.loaded' as const,
    ...(key && { key }),
    provider,
    secrets: some,
    ...(i > 0 && { part: i + 1 }),
  }));
  return [...parts, ...denials];
}

/** An operation that failed. */
function refusalOf(
  { type, key, keys, provider }: Operation,
  error: unknown,
  coverage: Coverage,
): AuditFields[] {
  const natural: AuditType =
    type === 'set' ? 'config.updated' : type === 'delete' ? 'config.deleted' : 'config.read';
  return (keys ?? [key]).flatMap((one) => ofError(natural, error, { key: one, provider }, coverage));
}

const refusals: { readonly [C in ErrorCode]?: AuditType } = {
  access_denied: 'permission.denied',
  policy_violation: 'policy.violated',
  quota_exceeded: 'policy.violated',
  unauthenticated: 'authentication.failed',
};

const maxReason = 300;

/** A refusal is recorded always, any other failure of a read only where every value is. */
function ofError(
  natural: AuditType,
  error: unknown,
  { key, provider }: { readonly key?: string | undefined; readonly provider: string },
  coverage: Coverage,
): AuditFields[] {
  const known: Partial<ConfigError> = isConfigError(error) ? error : {};
  const { code = 'io', message, problems, provider: failed = provider } = known;
  const refusal = refusals[code];
  if (!refusal && coverage === 'secrets') return [];
  // a report shows values that are not secret
  const reason = problems ? undefined : message?.slice(0, maxReason);
  return [{ type: refusal ?? natural, key, provider: failed, outcome: code, reason }];
}
