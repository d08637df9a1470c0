// What the section `llm` of a configuration looks like, as JSON Schema. Plain data, from which everything
// else is made: the keys that a load reads, the checks (check.ts), and the schemas of zod and valibot
// (schema.ts).

/** A part of the shape: the few words of JSON Schema that the shape needs. */
export interface Part {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Part>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Part | false;
  readonly items?: Part;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly description?: string;
  readonly 'x-secret'?: boolean;
}

/** What a task may be for. */
export const kinds = ['chat', 'embedding', 'image', 'rerank', 'speech'] as const;
/** How a client proves who it is. */
export const authTypes = ['key', 'bearer', 'ambient'] as const;
const spellings = [
  'ai-sdk',
  'openai',
  'openai-responses',
  'anthropic',
  'google',
  'bedrock',
  'mistral',
  'cohere',
] as const;
/** The APIs whose spelling of parameters is known: presets/spellings.ts. */
export type Spelling = (typeof spellings)[number];
/** What may have a budget for itself. */
export const budgetEach = ['task', 'tenant', 'subject'] as const;

const section = (properties: Readonly<Record<string, Part>>, ...required: readonly string[]): Part => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const byName = (part: Part): Part => ({ type: 'object', additionalProperties: part });

const text: Part = { type: 'string', minLength: 1 };
const secret: Part = { ...text, 'x-secret': true };
const count: Part = { type: 'integer', minimum: 1 };
const timeMs: Part = { type: 'integer', minimum: 1 };

const money: Part = { type: 'number', minimum: 0 };
const rates = section(
  {
    currency: text,
    inputPerMillion: money,
    outputPerMillion: money,
    cachedPerMillion: money,
    cacheWritePerMillion: money,
    cacheWriteHourPerMillion: money,
    perCall: money,
  },
  'currency',
);

const endpoint = section(
  {
    provider: text,
    model: text,
    baseURL: text,
    auth: section({ type: { ...text, enum: authTypes }, apiKey: secret, token: secret }, 'type'),
    parameters: { type: 'object', additionalProperties: {} },
    headers: byName(secret),
    region: text,
    project: text,
    location: text,
    deployment: text,
    apiVersion: text,
    organization: text,
    timeoutMs: timeMs,
    idleMs: timeMs,
    retries: { type: 'integer', minimum: 0 },
    contextTokens: count,
    supports: { type: 'array', items: text },
    limits: section({ requestsPerMinute: count, tokensPerMinute: count }),
    quota: text,
    space: text,
    spelling: { ...text, enum: spellings },
    rates,
  },
  'provider',
  'model',
);

const task = section(
  {
    kind: { ...text, enum: kinds },
    // names, weighted names, and lists of them: check.ts
    use: { type: 'array', items: {}, minItems: 1 },
    preset: text,
    // a name, and a list of names with weights: prompts/check.ts
    prompt: {},
  },
  'use',
);

const parameters: Part = { type: 'object', additionalProperties: {} };

/** A version of a prompt. Its text may be missing where only its lock is left. */
const prompt = section({
  text,
  variables: byName(section({ required: { type: 'boolean' }, default: {} })),
  hash: text,
});

const budget = section(
  {
    currency: text,
    perMonth: money,
    perDay: money,
    tasks: { type: 'array', items: text },
    each: { ...text, enum: budgetEach },
    hard: { type: 'boolean' },
    alertAt: money,
    whenAway: { ...text, enum: ['refuse', 'share'] },
    holdMs: timeMs,
  },
  'currency',
);

/** The section `llm`. */
export const shape: Part = section(
  {
    endpoints: byName(endpoint),
    tasks: byName(task),
    presets: byName(parameters),
    prompts: byName(byName(prompt)),
    budgets: byName(budget),
  },
  'endpoints',
  'tasks',
);
