// #region policy
import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { isConfigError } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { print, store } from './store.ts';

const transient = handleWhen((error) =>
  isConfigError(error) ? error.transient : error instanceof TaskCancelledError,
);
const breaker = circuitBreaker(transient, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(3) });
const policy = wrap(
  retry(transient, { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 10 }) }),
  breaker,
  timeout(2_000, TimeoutStrategy.Aggressive),
);

const secrets = sheltered(store, { resilience: policy });
// #endregion policy

secrets.on((event) => {
  if (event.type === 'request' || event.type === 'retry')
    print(`${event.type} ${event.attempt}: ${event.outcome}`);
});

// #region use
store.failures = 1;
print((await secrets.get('llm.apiKey'))?.key); // the second attempt is answered

store.failures = Number.POSITIVE_INFINITY;
for (let i = 0; i < 2; i++) await secrets.get('llm.region').catch((error: Error) => print(error.message));
print((await secrets.get('llm.apiKey'))?.key); // from memory, although the circuit is open
// #endregion use

await secrets.close();
