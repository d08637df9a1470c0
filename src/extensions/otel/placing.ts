// Where a new span belongs: below another one, or in a trace of its own. Used by spans.ts. A span that has
// ended gets no children: backends show them outside of their parent, or drop them.

import {
  type Context,
  isSpanContextValid,
  type Link,
  type Span,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/** The context that has the parent, and the links. */
export interface Place {
  readonly context: Context;
  readonly links: Link[];
}

/** Below the span of a context, linked to the others. Where that span has ended: alone. */
export function below(of: Context, others: readonly { readonly span: Span }[] = []): Place {
  const parent = trace.getSpan(of);
  if (!parent) return { context: of, links: [] };
  if (hasEnded(parent)) return alone(of);
  const links = linksTo(others.flatMap(({ span }) => (span === parent ? [] : span)));
  return { context: of, links };
}

/** In a trace of its own, linked to the span of a context. Background work outlives what caused it. */
export function alone(of: Context): Place {
  const cause = trace.getSpan(of);
  return { context: trace.deleteSpan(of), links: linksTo(cause ? [cause] : []) };
}

const linksTo = (spans: readonly Span[]): Link[] =>
  spans.map((span) => ({ context: span.spanContext() })).filter(({ context }) => isSpanContextValid(context));

/** A span that is sampled and no longer records has ended, unless it is one of another process. One that is
 *  not sampled never records, and makes children that are not sampled either. */
function hasEnded(span: Span): boolean {
  const { traceFlags, isRemote } = span.spanContext();
  return !span.isRecording() && (traceFlags & TraceFlags.SAMPLED) !== 0 && isRemote !== true;
}
