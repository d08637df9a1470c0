// #region collector
import { errorCodes, livingMetrics } from 'llm-config-manager';
import { Counter, Gauge, type Registry } from 'prom-client';

type Numbers = Readonly<Record<string, string>>;
type Row = readonly [
  name: string,
  Metric: typeof Counter | typeof Gauge,
  kind: string,
  Numbers,
  label?: string,
];

// the numbers of a metric, each with the value of its label
const reads = { hits: 'hit', misses: 'miss', joined: 'joined', stale: 'stale', absentHits: 'absent' };
const errors = Object.fromEntries(Object.keys(errorCodes).map((code) => [`errors.${code}`, code]));
const second = {
  'second.hits': 'hit',
  'second.misses': 'miss',
  'second.refused': 'refused',
  'second.failures': 'failure',
  'second.skipped': 'skipped',
};
const rows: readonly Row[] = [
  ['reads_total', Counter, 'store', reads, 'llm_config_answer'],
  ['requests_total', Counter, 'store', { requests: '' }],
  ['request_errors_total', Counter, 'store', errors, 'error_type'],
  ['retries_total', Counter, 'store', { retries: '' }],
  ['pace_waits_total', Counter, 'store', { waits: '' }],
  ['breaker_state', Gauge, 'store', { breaker: '' }],
  ['cache_documents', Gauge, 'store', { size: '' }],
  ['secret_remaining', Gauge, 'store', { endsInMs: '' }],
  ['second_answers_total', Counter, 'store', second, 'llm_config_answer'],
  ['generation', Gauge, 'config', { generation: '' }],
  ['generation_age', Gauge, 'config', { ageMs: '' }],
  ['reload_failures_total', Counter, 'config', { failedReloads: '' }],
  ['snapshot_age', Gauge, 'snapshot', { ageMs: '' }],
  ['snapshot_answers_total', Counter, 'snapshot', { answers: '' }],
  ['snapshot_write_failures_total', Counter, 'snapshot', { failedWrites: '' }],
  ['snapshot_refused_total', Counter, 'snapshot', { refused: '' }],
];

/** Registers the metrics of this library, with the names and labels that the dashboard and the alerts use. */
export function register(registry: Registry): void {
  for (const [name, Metric, kind, numbers, label] of rows) {
    const metric: Counter | Gauge = new Metric({
      name: `llm_config_${name}`,
      help: `${name.replaceAll('_', ' ')} of llm-config-manager`,
      labelNames: ['llm_config_provider', ...(label ? [label] : [])],
      registers: [registry],
      collect() {
        metric.reset();
        for (const [provider, values] of Object.entries(livingMetrics()[kind] ?? {}))
          for (const [number, answer] of Object.entries(numbers)) {
            const value = values[number];
            const labels = { llm_config_provider: provider, ...(label && { [label]: answer }) };
            if (value !== undefined) metric.inc(labels, number.endsWith('Ms') ? value / 1_000 : value);
          }
      },
    });
  }
}
// #endregion
