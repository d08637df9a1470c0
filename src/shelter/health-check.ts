// The health of a backend: a ping where the source has one, else how the last request went. Used by
// sheltered.ts.

import type { ConfigError } from '../errors.ts';
import type { Health } from '../health.ts';
import { operationsOf } from '../operation.ts';
import { type SteadyClock, shownNow } from './clock.ts';
import type { DocumentSource } from './port.ts';
import type { Requests } from './request/request.ts';

/** Checks a backend. `error`: why it is down. */
export async function checkHealth(
  source: DocumentSource,
  requests: Requests,
  clock: SteadyClock,
  operation: string | undefined,
): Promise<{ readonly health: Health; readonly error: ConfigError | undefined }> {
  const { ping } = source;
  const startedAt = clock.now();
  const operations = operationsOf(operation);
  const error = ping
    ? await requests.send(
        { type: 'ping', documents: 0, retryIf: () => false, operations: () => [operations] },
        async (call) => {
          await ping.call(source, call);
          return undefined;
        },
      )
    : requests.last?.error;
  const breaker = requests.state;
  const health: Health = {
    status: error ? 'down' : breaker === undefined || breaker === 'closed' ? 'ok' : 'degraded',
    ...(error && { reason: `${error.code}: ${error.message}` }),
    ...(ping && !error && { latencyMs: clock.now() - startedAt }),
    ...(breaker && { breaker }),
    checkedAt: ping ? shownNow(clock) : (requests.last?.at ?? shownNow(clock)),
  };
  return { health, error };
}
