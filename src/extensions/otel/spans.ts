// The spans. Used by instrument.ts. The tracing channels publish what starts and ends. Who waits for whom
// follows from the ids of operations, because a request is shared by readers of several traces and runs in
// the context of the first. A hit of a cache is not published.

import { tracingChannel } from 'node:diagnostics_channel';
import {
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { endingAttributes, isFailed, operationOf, type Published, startingAttributes } from './attributes.ts';
import type { Measuring } from './measuring.ts';
import { Nesting } from './nesting.ts';
import { alone, below, type Place } from './placing.ts';

/** A span that has not ended. */
interface Work {
  readonly name: Published['name'];
  readonly provider: string;
  readonly span: Span;
  readonly context: Context;
  readonly startedAt: number;
  /** The spans that a request is below or linked to. */
  readonly served: Set<Span>;
  readonly parent: Span | undefined;
}

const names = ['read', 'request', 'write', 'load'] as const;

export class Spans implements Disposable {
  readonly #tracer: Tracer;
  readonly #measuring: Measuring;
  readonly #hasKeys: boolean;
  readonly #works = new Map<object, Work>();
  /** The loads, reads and writes that have not ended, by operation. */
  readonly #waiting = new Map<string, Work[]>();
  readonly #nesting: Nesting;
  readonly #unsubscribe: readonly (() => void)[];

  constructor(tracer: Tracer, measuring: Measuring, hasKeys: boolean) {
    this.#tracer = tracer;
    this.#measuring = measuring;
    this.#hasKeys = hasKeys;
    const channels = names.map((name) => {
      const { start, asyncEnd } = tracingChannel<string, object>(`llm-config-manager:${name}`);
      const begin = (of: unknown): Context => this.#begin({ name, of } as Published);
      const end = (of: unknown): void => this.#end({ name, of } as Published);
      return { start, asyncEnd, begin, end };
    });
    this.#unsubscribe = channels.map(({ start, asyncEnd, begin, end }) => {
      start.subscribe(begin);
      asyncEnd.subscribe(end);
      return () => {
        start.unsubscribe(begin);
        asyncEnd.unsubscribe(end);
      };
    });
    this.#nesting = new Nesting(channels.map(({ start, begin }) => [start, begin]));
  }

  /** Starts a span and returns its context. With nesting it is called twice: for the context, then as a
   *  subscriber. */
  #begin(published: Published): Context {
    const { name, of } = published;
    const begun = this.#works.get(of);
    if (begun) return begun.context;
    if (of.v !== 1) return context.active();
    this.#nesting.follow();
    this.#measuring.follow();
    const served = name === 'request' ? this.#served(of) : [];
    const place = this.#place(published, served);
    const span = this.#tracer.startSpan(
      `llm_config.${name === 'load' ? of.type : name}`,
      {
        kind: name === 'request' ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: startingAttributes(published, this.#hasKeys),
        links: [...place.links],
      },
      place.context,
    );
    const work: Work = {
      name,
      provider: of.provider,
      span,
      context: trace.setSpan(place.context, span),
      startedAt: performance.now(),
      served: new Set(served),
      parent: trace.getSpan(place.context),
    };
    this.#works.set(of, work);
    const operation = operationOf(published);
    if (operation !== undefined) {
      const waiting = this.#waiting.get(operation);
      if (waiting) waiting.push(work);
      else this.#waiting.set(operation, [work]);
    }
    return work.context;
  }

  #place({ name, of }: Published, served: readonly Span[]): Place {
    const active = context.active();
    if (name === 'load') return of.cause === 'poll' || of.cause === 'change' ? alone(active) : below(active);
    if (name === 'request') {
      const parent = served.find((span) => span.isRecording()) ?? served[0];
      if (parent) return below(trace.setSpan(active, parent), served);
      // nobody waits for a renewal or a poll
      return of.operations.length === 0 ? alone(active) : below(active);
    }
    const load = this.#nesting.isOn
      ? undefined
      : this.#waitingWork(of.operation, ({ name }) => name === 'load');
    return below(load ? load.context : active);
  }

  /** The spans of the operations that wait for a request. */
  #served({ provider, operations }: Extract<Published, { name: 'request' }>['of']): readonly Span[] {
    const found = operations.map(
      (operation) =>
        this.#waitingWork(operation, (work) => work.name !== 'load' && work.provider === provider) ??
        this.#waitingWork(operation, (work) => work.name === 'load'),
    );
    return [...new Set(found)].flatMap((work) => work?.span ?? []);
  }

  #waitingWork(operation: string | undefined, matches: (work: Work) => boolean): Work | undefined {
    return operation === undefined ? undefined : this.#waiting.get(operation)?.find(matches);
  }

  #end(published: Published): void {
    const { name, of } = published;
    const work = this.#works.get(of);
    if (!work) return;
    this.#works.delete(of);
    this.#leave(operationOf(published), work);
    const { span, startedAt } = work;
    if (name === 'request') {
      this.#link(of, work);
      this.#measuring.request(of, (performance.now() - startedAt) / 1_000, work.context);
    }
    span.setAttributes(endingAttributes(published));
    if (isFailed(of)) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  #leave(operation: string | undefined, work: Work): void {
    const waiting = operation === undefined ? undefined : this.#waiting.get(operation);
    if (operation === undefined || !waiting) return;
    waiting.splice(waiting.indexOf(work), 1);
    if (waiting.length === 0) this.#waiting.delete(operation);
  }

  /** Links a request with all that it served, in both directions. Some have joined while it was in flight. */
  #link(of: Extract<Published, { name: 'request' }>['of'], { span, served, parent }: Work): void {
    for (const other of this.#served(of)) {
      if (other === parent) continue;
      other.addLink({ context: span.spanContext() });
      if (!served.has(other)) span.addLink({ context: other.spanContext() });
    }
  }

  /** Ends all spans: what is still running is no longer followed. */
  [Symbol.dispose](): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#nesting[Symbol.dispose]();
    for (const { span } of this.#works.values()) span.end();
    this.#works.clear();
    this.#waiting.clear();
  }
}
