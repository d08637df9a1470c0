// The operations of an intercepted provider: what each method is about, and how it is called. Loaded by
// intercepted.ts at the first call.

import { type Asked, type Interceptor, intercept } from '../interception.ts';
import type { Emitter } from '../internal/listeners.ts';
import { keyOf } from '../key.ts';
import { layersOf, listFrom } from '../listing.ts';
import type { CallOptions } from '../operation.ts';
import { valueToWrite } from '../plain-value.ts';
import type { ConfigProvider, WritableProvider } from '../provider.ts';
import { getFrom, manyFrom, renewIn, setIn, toConfigError, versionsFrom } from '../query.ts';
import type { ConfigValue, Key } from '../value.ts';

interface Subject {
  readonly provider: ConfigProvider;
  readonly interceptors: readonly Interceptor[];
  readonly emitter: Emitter;
}

interface Call {
  readonly asked: Asked;
  readonly options: CallOptions | undefined;
  readonly ask: (options: CallOptions) => Promise<unknown>;
}

/** The types of operations, and `renew`, which is a `get`. */
type Method = Asked['type'] | 'renew';

/** Runs a method of a provider as an operation. */
export function operate(subject: Subject, method: string, args: readonly unknown[]): Promise<unknown> {
  const { provider, interceptors, emitter } = subject;
  const { asked, options, ask } = callOf(subject, method as Method, args);
  return intercept({
    owner: provider.name,
    interceptors,
    asked,
    options: options ?? {},
    // what leaves a provider names it, before an interceptor sees it
    ask: (inner) =>
      ask(inner).catch((error: unknown) => Promise.reject(toConfigError(error, provider.name, asked.key))),
    refused: ({ code, key }, operation) => emitter.emit('policy_violated', { outcome: code, key, operation }),
    notice: (message) => emitter.notice(message),
  });
}

function callOf({ provider, emitter }: Subject, type: Method, args: readonly unknown[]): Call {
  const notice = (message: string): void => emitter.notice(message);
  const [first, second, third] = args as readonly [unknown, CallOptions | undefined, CallOptions | undefined];
  const writable = provider as WritableProvider;
  if (type === 'getMany') {
    const keys = (first as readonly Key[]).map(keyOf);
    return { asked: { type, keys }, options: second, ask: (inner) => manyFrom(provider, keys, inner) };
  }
  if (type === 'health') {
    const options = first as CallOptions | undefined;
    return {
      asked: { type, key: '' },
      options,
      ask: async (inner) => provider.health?.(inner),
    };
  }
  const key = keyOf((first as Key | undefined) ?? '');
  if (type === 'set') {
    const value = args[1] as ConfigValue;
    const reveal = (): ConfigValue => valueToWrite(value, key).value;
    return {
      asked: { type, key, reveal },
      options: third,
      ask: (inner) => setIn(writable, key, value, inner),
    };
  }
  const asks: Partial<Record<Method, Call['ask']>> = {
    renew: (inner) => renewIn(provider, key, inner),
    get: (inner) => getFrom(provider, key, inner),
    list: (inner) => listFrom(provider, key, inner, notice),
    layers: (inner) => layersOf(provider, key, inner, notice),
    delete: async (inner) => writable.delete(key, inner),
    refresh: async (inner) => provider.refresh?.(key, inner),
    versions: (inner) => versionsFrom(provider, key, inner),
  };
  return {
    asked: { type: type === 'renew' ? 'get' : type, key },
    options: second,
    ask: asks[type] as Call['ask'],
  };
}
