// #region collector
import { livingMetrics } from 'llm-config-manager';
import { Counter, Gauge, type Registry } from 'prom-client';

// name, metric class, kind, numbers with the value of the label `llm_config_answer`, divisor
const answers = { hits: 'hit', misses: 'miss', joined: 'joined', stale: 'stale', absentHits: 'absent' };
const rows = [
  ['reads_total', Counter, 'store', answers, 1],
  ['requests_total', Counter, 'store', { requests: '' }, 1],
  ['request_errors_total', Counter, 'store', { errors: '' }, 1],
  ['retries_total', Counter, 'store', { retries: '' }, 1],
  ['breaker_state', Gauge, 'store', { breaker: '' }, 1],
  ['secret_remaining', Gauge, 'store', { endsInMs: '' }, 1_000],
  ['generation', Gauge, 'config', { generation: '' }, 1],
  ['generation_age', Gauge, 'config', { ageMs: '' }, 1_000],
  ['reload_failures_total', Counter, 'config', { failedReloads: '' }, 1],
] as const;

/** Registers the metrics of this library, with the names that the dashboard and the alerts use. */
export function register(registry: Registry): void {
  for (const [name, Metric, kind, numbers, per] of rows) {
    const metric: Counter | Gauge = new Metric({
      name: `llm_config_${name}`,
      help: Object.keys(numbers).join(', '),
      labelNames: ['llm_config_provider', 'llm_config_answer'],
      registers: [registry],
      collect() {
        metric.reset();
        for (const [provider, values] of Object.entries(livingMetrics()[kind] ?? {}))
          for (const [number, answer] of Object.entries(numbers)) {
            const labels = { llm_config_provider: provider, ...(answer && { llm_config_answer: answer }) };
            metric.inc(labels, (values[number] ?? 0) / per);
          }
      },
    });
  }
}
// #endregion
