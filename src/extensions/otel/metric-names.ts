// The metrics as data: what they are called, and which numbers of the process's registry they show. Used by
// measuring.ts. A module that registers a kind of its own in `living.ts` adds its rows here; neither imports
// the other.

/** A metric that is read at the scrape. */
export interface MetricRow {
  readonly name: string;
  readonly instrument: 'counter' | 'gauge' | 'sum';
  readonly unit: string;
  readonly description: string;
  /** The kind of the members of the registry that have these numbers. */
  readonly kind: string;
  /** The names of the numbers, each with its value of `attribute`. A name that ends in `.` is a prefix: what
   *  follows it in the name of a number is the value. */
  readonly numbers: Readonly<Record<string, string>>;
  readonly attribute?: string;
  /** What the number is divided by: the registry has milliseconds. @default 1 */
  readonly per?: number;
}

const answer = 'llm_config.answer';

/** The histogram of requests, the only metric that is recorded when something happens. */
export const requestDuration = {
  name: 'llm_config.request.duration',
  unit: 's',
  description: 'Duration of requests to stores, each attempt on its own',
  boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
};

export const metricRows: readonly MetricRow[] = [
  {
    name: 'llm_config.reads',
    instrument: 'counter',
    unit: '{read}',
    description: 'Reads of stores by what answered them',
    kind: 'store',
    numbers: { hits: 'hit', misses: 'miss', joined: 'joined', stale: 'stale', absentHits: 'absent' },
    attribute: answer,
  },
  {
    name: 'llm_config.requests',
    instrument: 'counter',
    unit: '{request}',
    description: 'Requests to stores, each attempt on its own',
    kind: 'store',
    numbers: { requests: '' },
  },
  {
    name: 'llm_config.request.errors',
    instrument: 'counter',
    unit: '{request}',
    description: 'Requests to stores that failed, by the code of the error',
    kind: 'store',
    numbers: { 'errors.': '' },
    attribute: 'error.type',
  },
  {
    name: 'llm_config.retries',
    instrument: 'counter',
    unit: '{request}',
    description: 'Requests to stores that were retries',
    kind: 'store',
    numbers: { retries: '' },
  },
  {
    name: 'llm_config.pace.waits',
    instrument: 'counter',
    unit: '{request}',
    description: 'Requests to stores that waited for their turn',
    kind: 'store',
    numbers: { waits: '' },
  },
  {
    name: 'llm_config.breaker.state',
    instrument: 'gauge',
    unit: '1',
    description: 'State of the circuit breaker: 0 closed, 1 half-open, 2 open',
    kind: 'store',
    numbers: { breaker: '' },
  },
  {
    name: 'llm_config.cache.documents',
    instrument: 'sum',
    unit: '{document}',
    description: 'Documents of stores in memory',
    kind: 'store',
    numbers: { size: '' },
  },
  {
    name: 'llm_config.secret.remaining',
    instrument: 'gauge',
    unit: 's',
    description: 'Time until the first lease or secret in memory ends; 0 if none has an end',
    kind: 'store',
    numbers: { endsInMs: '' },
    per: 1_000,
  },
  {
    name: 'llm_config.second.answers',
    instrument: 'counter',
    unit: '{answer}',
    description: 'Answers of the second level, by kind',
    kind: 'store',
    numbers: {
      'second.hits': 'hit',
      'second.misses': 'miss',
      'second.refused': 'refused',
      'second.failures': 'failure',
      'second.skipped': 'skipped',
    },
    attribute: answer,
  },
  {
    name: 'llm_config.generation',
    instrument: 'gauge',
    unit: '1',
    description: 'Number of the current generation of a configuration',
    kind: 'config',
    numbers: { generation: '' },
  },
  {
    name: 'llm_config.generation.age',
    instrument: 'gauge',
    unit: 's',
    description: 'Age of the current generation of a configuration',
    kind: 'config',
    numbers: { ageMs: '' },
    per: 1_000,
  },
  {
    name: 'llm_config.reload.failures',
    instrument: 'counter',
    unit: '{reload}',
    description: 'Reloads that failed and kept the current generation',
    kind: 'config',
    numbers: { failedReloads: '' },
  },
  {
    name: 'llm_config.snapshot.age',
    instrument: 'gauge',
    unit: 's',
    description: 'Age of the newest answer in the file of a snapshot',
    kind: 'snapshot',
    numbers: { ageMs: '' },
    per: 1_000,
  },
  {
    name: 'llm_config.snapshot.answers',
    instrument: 'counter',
    unit: '{key}',
    description: 'Keys that were answered from a snapshot, because the store was down',
    kind: 'snapshot',
    numbers: { answers: '' },
  },
  {
    name: 'llm_config.snapshot.write.failures',
    instrument: 'counter',
    unit: '{write}',
    description: 'Writes of a snapshot that failed',
    kind: 'snapshot',
    numbers: { failedWrites: '' },
  },
  {
    name: 'llm_config.snapshot.refused',
    instrument: 'counter',
    unit: '{file}',
    description: 'Files of a snapshot that counted as none: edited, foreign, too old',
    kind: 'snapshot',
    numbers: { refused: '' },
  },
];
