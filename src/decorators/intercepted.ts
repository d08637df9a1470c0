// `intercepted`: a provider whose operations pass through interceptors. What a call is about, and the
// interceptors themselves, are in operations.ts and interception.ts, which the first call loads.

import { secret } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Interceptor } from '../interception.ts';
import { lazy } from '../internal/lazy.ts';
import { Emitter } from '../internal/listeners.ts';
import { plainValue } from '../plain-value.ts';
import { type ConfigProvider, checkProvider, type PortOf } from '../provider.ts';
import { decorate, methods } from './decorate.ts';

const load = lazy(() => import('./operations.ts'));

/** Wraps the operations of a provider: reading, listing, writing, `refresh` and `health`. The first
 *  interceptor is the outermost. The result has the abilities of `provider`. Put it outside everything that
 *  remembers answers: `intercepted(sheltered(provider), policy)`.
 *  @example
 *  const store = intercepted(new VaultProvider({ path: 'acme/' }), timed);
 *  await store.get('database.password'); // timed sees the operation, and never the value
 *  @see Interceptor for what one may do; the option `intercept` wraps the operations of a chain. */
export function intercepted<P extends ConfigProvider>(
  provider: P,
  ...interceptors: readonly Interceptor[]
): PortOf<P> & Required<Pick<ConfigProvider, 'on'>> {
  checkProvider('intercepted', provider);
  const wrong = interceptors.findIndex((one) => typeof one !== 'function');
  if (wrong >= 0)
    throw new ConfigError('invalid_option', `intercepted: interceptor ${wrong + 1} is not a function`, {
      hint: 'Pass functions: (operation, next) => next()',
    });
  const emitter = new Emitter(provider.name, 'provider');
  const port = provider as unknown as Readonly<Record<string, unknown>>;
  const own = [...methods, 'refresh', 'health']
    .filter((method) => typeof port[method] === 'function')
    .map((method) => [
      method,
      async (...given: readonly unknown[]): Promise<unknown> => {
        const args = method === 'set' ? [given[0], copied(given[1]), given[2]] : given;
        return (await load()).operate({ provider, interceptors, emitter }, method, args);
      },
    ]);
  const decoration = { unshared: 'intercepted', emitter } as const;
  return decorate(provider, provider.name, Object.fromEntries(own), decoration) as never;
}

/** A copy of a value to write, because its caller may change it before the interceptors have decided. */
function copied(given: unknown): unknown {
  try {
    const { value, marked } = plainValue(given);
    return marked ? secret(value) : value;
  } catch {
    return given; // the provider refuses it in its own words
  }
}
