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
export function startingAttributes({ name, of }: Published, hasKeys: boolean): Attributes {
  switch (name) {
    case 'request':
      return {
        [providerName]: of.provider,
        'llm_config.request.type': of.type,
        'llm_config.request.id': of.id,
        'llm_config.request.attempt': of.attempt,
        'llm_config.request.documents': of.documents,
        ...(of.address !== undefined && { 'server.address': of.address }),
      };
    case 'load':
      return {
        [providerName]: of.provider,
        'llm_config.operation': of.operation,
        'llm_config.cause': of.cause,
      };
    default: {
      const keys = name === 'read' ? of.keys : undefined;
      return {
        [providerName]: of.provider,
        [`llm_config.${name}.type`]: of.type,
        ...(of.operation !== undefined && { 'llm_config.operation': of.operation }),
        ...(keys && { 'llm_config.read.keys': keys.length }),
        ...(hasKeys && of.key !== undefined && { 'llm_config.key': of.key }),
        ...(hasKeys && keys && { 'llm_config.keys': keys.slice(0, most) }),
      };
    }
  }
}

/** What is known when it has ended. */
export function endingAttributes({ name, of }: Published): Attributes {
  return {
    'llm_config.outcome': of.outcome ?? 'ok',
    ...(isFailed(of) && { 'error.type': of.outcome as string }),
    ...(name === 'load' && of.generation !== undefined && { 'llm_config.generation': of.generation }),
    ...(name === 'request' && of.operations.length > 0 && { 'llm_config.operations': [...of.operations] }),
    ...(name === 'request' && of.moreOperations > 0 && { 'llm_config.operations.more': of.moreOperations }),
  };
}

/** The operation that the work is, or is part of. A request has several. */
export const operationOf = ({ name, of }: Published): string | undefined =>
  name === 'request' ? undefined : of.operation;

export const isFailed = ({ outcome }: Published['of']): boolean => outcome !== 'ok' && outcome !== 'absent';
