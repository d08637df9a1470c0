// Turns the models of a LiteLLM configuration into the section `llm`. Keys stay where they are: what LiteLLM
// reads from the environment becomes a variable of EnvProvider, and a key in the file is left out.

import type { EndpointData, LlmData, Rank, TaskKind } from 'llm-config-manager/llm';
import { parse } from 'yaml';

type Section = Readonly<Record<string, unknown>>;

interface Deployment {
  readonly model_name: string;
  readonly litellm_params: Section & { readonly model: string };
  readonly model_info?: Section;
  readonly rpm?: number;
  readonly tpm?: number;
}

interface LiteLlm {
  readonly model_list?: readonly Deployment[];
  readonly router_settings?: Section;
  readonly litellm_settings?: Section;
  readonly [name: string]: unknown;
}

export interface Converted {
  readonly llm: LlmData;
  /** The variables of the environment, for EnvProvider. */
  readonly variables: Record<string, string>;
  /** What has no counterpart. */
  readonly notes: readonly string[];
}

interface Member {
  readonly endpoint: string;
  readonly order: number;
  readonly weight: number;
}

const providers: Readonly<Record<string, string>> = { vertex_ai: 'vertex', gemini: 'google' };
const kinds: Readonly<Record<string, TaskKind>> = {
  embedding: 'embedding',
  image_generation: 'image',
  rerank: 'rerank',
  audio_speech: 'speech',
};
const abilities: Readonly<Record<string, string>> = {
  supports_function_calling: 'tools',
  supports_vision: 'vision',
  supports_response_schema: 'json',
  supports_reasoning: 'reasoning',
};
/** Fields of an endpoint by the names of LiteLLM. */
const fields: Readonly<Record<string, string>> = {
  api_base: 'baseURL',
  api_version: 'apiVersion',
  organization: 'organization',
  aws_region_name: 'region',
  region_name: 'region',
  vertex_project: 'project',
  vertex_location: 'location',
};
const parameters = new Set([
  ...['temperature', 'top_p', 'max_tokens', 'max_completion_tokens', 'stop', 'seed', 'response_format'],
  ...['presence_penalty', 'frequency_penalty', 'reasoning_effort'],
]);
const elsewhere = new Set(['model', 'api_key', 'rpm', 'tpm', 'timeout', 'max_retries', 'weight', 'order']);

export function convert(text: string): Converted {
  const { model_list = [], router_settings = {}, litellm_settings = {}, ...others } = parse(text) as LiteLlm;
  const endpoints: Record<string, EndpointData> = {};
  const variables: Record<string, string> = {};
  const notes: string[] = [];
  const groups = new Map<string, Member[]>();
  const kindOf = new Map<string, TaskKind>();

  for (const deployment of model_list) {
    const { model_name: group, litellm_params: given, model_info = {} } = deployment;
    const name = nameOf(given.model, endpoints);
    endpoints[name] = endpointOf(name, deployment, variables, notes);
    const { order = 1, weight = given.rpm ?? given.tpm ?? 1 } = given as { order?: number; weight?: number };
    groups.set(group, [...(groups.get(group) ?? []), { endpoint: name, order, weight: Number(weight) }]);
    const kind = kinds[String(model_info.mode)];
    if (kind) kindOf.set(group, kind);
  }

  const settings: Section = { ...litellm_settings, ...router_settings };
  const further = (name: string, group: string): readonly string[] =>
    [settings[name] ?? []].flat().flatMap((item) => (item as Record<string, string[]>)[group] ?? []);
  const taskOf = (group: string): LlmData['tasks'][string] => {
    const next = [...further('fallbacks', group), ...further('context_window_fallbacks', group)];
    const all = [group, ...(next.length > 0 ? next : ((settings.default_fallbacks as string[]) ?? []))];
    const use = [...new Set(all)].flatMap((one) => ranksOf(groups.get(one) ?? []));
    const kind = kindOf.get(group);
    return { ...(kind && { kind }), use };
  };
  const tasks = Object.fromEntries(Array.from(groups.keys(), (group) => [group, taskOf(group)]));
  for (const [alias, group] of Object.entries((settings.model_group_alias ?? {}) as Record<string, string>))
    tasks[alias] = taskOf(group);

  const done = ['fallbacks', 'context_window_fallbacks', 'default_fallbacks', 'model_group_alias'];
  for (const name of Object.keys(settings)) if (!done.includes(name)) notes.push(`${name} is left out`);
  for (const name of Object.keys(others)) notes.push(`${name} is left out`);
  return { llm: { endpoints, tasks }, variables, notes };
}

/** A name without dots, used once. */
function nameOf(model: string, known: Readonly<Record<string, unknown>>): string {
  const base = model.replace(/[^\w-]+/g, '-');
  let name = base;
  for (let n = 2; Object.hasOwn(known, name); n++) name = `${base}-${n}`;
  return name;
}

function endpointOf(
  name: string,
  { litellm_params: given, model_info = {}, rpm, tpm }: Deployment,
  variables: Record<string, string>,
  notes: string[],
): EndpointData {
  const [prefix = '', ...rest] = given.model.split('/');
  const [vendor, model] = rest.length > 0 ? [prefix, rest.join('/')] : ['openai', prefix];
  const endpoint: Record<string, unknown> = {
    provider: providers[vendor] ?? vendor,
    model: vendor === 'azure' ? (model_info.base_model ?? model) : model,
    ...(vendor === 'azure' && { deployment: model }),
  };
  const own: Record<string, unknown> = {};
  for (const [from, value] of Object.entries(given)) {
    const field = fields[from];
    if (field !== undefined) put(field, value);
    else if (parameters.has(from)) own[from] = value;
    else if (!elsewhere.has(from)) notes.push(`${from} of ${given.model} is left out`);
  }
  if (Object.keys(own).length > 0) endpoint.parameters = own;
  if (given.api_key !== undefined) {
    endpoint.auth = { type: 'key' };
    if (!put('auth.apiKey', given.api_key))
      notes.push(`the key of ${given.model} is in the file: move it to a store`);
  }
  const limits = { requestsPerMinute: given.rpm ?? rpm, tokensPerMinute: given.tpm ?? tpm };
  const set = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  if (set.length > 0) endpoint.limits = Object.fromEntries(set);
  if (given.timeout !== undefined) endpoint.timeoutMs = Number(given.timeout) * 1_000;
  if (given.max_retries !== undefined) endpoint.retries = given.max_retries;
  if (model_info.max_input_tokens !== undefined) endpoint.contextTokens = model_info.max_input_tokens;
  const supports = Object.keys(abilities).filter((ability) => model_info[ability] === true);
  if (supports.length > 0) endpoint.supports = supports.map((ability) => abilities[ability]);
  return endpoint as unknown as EndpointData;

  /** Puts a value into the endpoint, or its variable beside it. An API key in the file is left out. */
  function put(field: string, value: unknown): boolean {
    const variable = /^os\.environ\/(.+)$/.exec(String(value))?.[1];
    if (variable !== undefined) variables[`llm.endpoints.${name}.${field}`] = variable;
    else if (field !== 'auth.apiKey') endpoint[field] = value;
    return variable !== undefined;
  }
}

/** Deployments of one `order` share a rank by their weights. */
function ranksOf(members: readonly Member[]): readonly Rank[] {
  const orders = [...new Set(members.map(({ order }) => order))].sort((a, b) => a - b);
  return orders.map((order) => {
    const rank = members.filter((member) => member.order === order);
    if (rank.length === 1) return (rank[0] as Member).endpoint;
    return rank.map(({ endpoint, weight }) => ({ endpoint, weight }));
  });
}
