// The attributes of spans, from what the tracing channels publish. Used by spans.ts. Never a value; keys only
// if the application asks for them.

import type { Attributes } from '@opentelemetry/api';
import type { TraceContexts } from '../../tracing.ts';

/** The attribute that has the name of a provider, or of the chain of a configuration. */
export const providerName = 'llm_config.provider';

/** A tracing channel with what it publishes. */
export type Published = {
  [N in keyof TraceContexts]: { readonly name: N; readonly of: TraceContexts[N] };
}[keyof TraceContexts];

/** How many keys and operations a span has at most. */
const most = 32;

/** What is known when the work starts. */
export function startingAttributes(published: Published, hasKeys: boolean): Attributes {
  if (published.name === 'call') return callAttributes(published.of);
  const { name, of } = published;
  const known: Attributes = { [providerName]: of.provider };
  if (name !== 'request') {
    if (of.operation !== undefined) known['llm_config.operation'] = of.operation;
    if (name === 'load') known['llm_config.cause'] = of.cause;
    else {
      known[`llm_config.${name}.type`] = of.type;
      if (hasKeys && of.key !== undefined) known['llm_config.key'] = of.key;
    }
    if (name === 'read' && of.keys) {
      known['llm_config.read.keys'] = of.keys.length;
      if (hasKeys) known['llm_config.keys'] = of.keys.slice(0, most);
    }
    return known;
  }
  known['llm_config.request.type'] = of.type;
  known['llm_config.request.id'] = of.id;
  known['llm_config.request.attempt'] = of.attempt;
  known['llm_config.request.documents'] = of.documents;
  if (of.address !== undefined) known['server.address'] = of.address;
  return known;
}

/** A call to a language model, by the conventions for generative AI. */
const callAttributes = (of: TraceContexts['call']): Attributes => ({
  'gen_ai.operation.name': operationNames[of.type],
  'gen_ai.provider.name': of.provider,
  'gen_ai.request.model': of.model,
  'llm_config.llm.task': of.task,
  'llm_config.llm.endpoint': of.endpoint,
  'llm_config.llm.attempt': of.attempt,
  ...(of.address !== undefined && { 'server.address': of.address }),
});

/** The names of the conventions; those that they do not have are ours. */
const operationNames = {
  chat: 'chat',
  embedding: 'embeddings',
  image: 'image',
  rerank: 'rerank',
  speech: 'speech',
} as const;

/** The name of a span. */
export function spanName({ name, of }: Published): string {
  if (name === 'call') return `${operationNames[of.type]} ${of.model}`;
  return `llm_config.${name === 'load' ? of.type : name}`;
}

/** What is known when it has ended. */
export function endingAttributes({ name, of }: Published): Attributes {
  const known: Attributes = { 'llm_config.outcome': of.outcome ?? 'ok' };
  if (isFailed(of)) known['error.type'] = of.outcome as string;
  if (name === 'load' && of.generation !== undefined) known['llm_config.generation'] = of.generation;
  if (name === 'call' && of.usage) {
    known['gen_ai.usage.input_tokens'] = of.usage.inputTokens;
    known['gen_ai.usage.output_tokens'] = of.usage.outputTokens;
  }
  if (name === 'call' && of.cost) {
    known['llm_config.llm.cost'] = of.cost.micros / 1e6;
    known['llm_config.llm.currency'] = of.cost.currency;
  }
  if (name === 'request') {
    if (of.operations.length > 0) known['llm_config.operations'] = [...of.operations];
    if (of.moreOperations > 0) known['llm_config.operations.more'] = of.moreOperations;
  }
  return known;
}

/** The operation that the work is, or is part of. A request has several, a call has none. */
export const operationOf = ({ name, of }: Published): string | undefined =>
  name === 'request' || name === 'call' ? undefined : of.operation;

export const isFailed = ({ outcome }: Published['of']): boolean => outcome !== 'ok' && outcome !== 'absent';
