// The spans. Used by instrument.ts. The tracing channels publish what starts and ends. Who waits for whom
// follows from the ids of operations, because a request is shared by readers of several traces and runs in
// the context of the first. A hit of a cache is not published.

import { tracingChannel } from 'node:diagnostics_channel';
import {
  type Context,
  context,
  diag,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  endingAttributes,
  isFailed,
  operationOf,
  type Published,
  spanName,
  startingAttributes,
} from './attributes.ts';
import type { Measuring } from './measuring.ts';
import { Nesting } from './nesting.ts';
import { alone, below, type Place } from './placing.ts';

type OfRequest = Extract<Published, { name: 'request' }>['of'];

/** A span that has not ended. */
class Work {
  readonly name: Published['name'];
  readonly provider: string;
  readonly span: Span;
  readonly startedAt = performance.now();
  /** What a request is below or linked to. */
  readonly served: readonly Work[];
  readonly #at: Context;
  #context: Context | undefined;

  constructor({ name, of }: Published, span: Span, at: Context, served: readonly Work[]) {
    this.name = name;
    this.provider = of.provider;
    this.span = span;
    this.served = served;
    this.#at = at;
  }

  get parent(): Span | undefined {
    return trace.getSpan(this.#at);
  }

  /** The context with the span. Made on first use: few reads have a request below them. */
  get context(): Context {
    return (this.#context ??= trace.setSpan(this.#at, this.span));
  }
}

const none: readonly Work[] = [];
const names = ['read', 'request', 'write', 'load', 'call'] as const;

const isLoad = ({ name }: Work): boolean => name === 'load';

export class Spans implements Disposable {
  readonly #tracer: Tracer;
  readonly #makesSpans: () => boolean;
  readonly #measuring: Measuring;
  readonly #hasKeys: boolean;
  readonly #works = new Map<object, Work>();
  /** The loads, reads and writes that have not ended, by operation. */
  readonly #waiting = new Map<string, Work[]>();
  readonly #nesting: Nesting;
  readonly #unsubscribe: (() => void)[] = [];
  #isOn = false;
  /** Subscribes to requests. Not before there is an SDK: to hear them doubles what a miss costs more. */
  readonly #hearRequests: () => void;

  /** `makesSpans`: whether an SDK is there for the tracer. */
  constructor(tracer: Tracer, makesSpans: () => boolean, measuring: Measuring, hasKeys: boolean) {
    this.#tracer = tracer;
    this.#makesSpans = makesSpans;
    this.#measuring = measuring;
    this.#hasKeys = hasKeys;
    const channels = names.map((name) => {
      const { start, asyncEnd } = tracingChannel<string, object>(`llm-config-manager:${name}`);
      const begin = (of: unknown): Work | undefined => safely(() => this.#begin({ name, of } as Published));
      const end = (of: unknown): void => {
        if (this.#works.has(of as object)) safely(() => this.#end({ name, of } as Published));
      };
      return { name, start, asyncEnd, begin, end };
    });
    const hear = ({ start, asyncEnd, begin, end }: (typeof channels)[number]): void => {
      start.subscribe(begin);
      asyncEnd.subscribe(end);
      this.#unsubscribe.push(() => {
        start.unsubscribe(begin);
        asyncEnd.unsubscribe(end);
      });
    };
    channels.filter(({ name }) => name !== 'request').forEach(hear);
    this.#hearRequests = () => channels.filter(({ name }) => name === 'request').forEach(hear);
    // a read only waits for its requests, so no client works below it
    const nested = channels.filter(({ name }) => name !== 'read');
    this.#nesting = new Nesting(
      nested.map(({ start, begin }) => [start, (of) => begin(of)?.context ?? context.active()]),
    );
    this.#follow();
  }

  /** Moves to what is registered now. Returns whether there is an SDK: without one, spans are empty objects
   *  that cost each miss microseconds, so nothing is done. */
  #follow(): boolean {
    this.#measuring.follow();
    if (!this.#measuring.isOn && !this.#makesSpans()) return false;
    this.#nesting.follow();
    if (!this.#isOn) this.#hearRequests();
    this.#isOn = true;
    return true;
  }

  /** Starts a span. With nesting it is called twice: for the context, then as a subscriber. */
  #begin(published: Published): Work | undefined {
    const { name, of } = published;
    const begun = this.#works.get(of);
    if (begun || of.v !== 1) return begun;
    if (!this.#follow()) return undefined;
    const served = name === 'request' ? this.#served(of) : none;
    const place = this.#place(published, served);
    const span = this.#tracer.startSpan(
      spanName(published),
      {
        kind: name === 'request' || name === 'call' ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: startingAttributes(published, this.#hasKeys),
        links: place.links,
      },
      place.context,
    );
    const work = new Work(published, span, place.context, served);
    this.#works.set(of, work);
    const operation = operationOf(published);
    if (operation !== undefined) {
      const waiting = this.#waiting.get(operation);
      if (waiting) waiting.push(work);
      else this.#waiting.set(operation, [work]);
    }
    return work;
  }

  #place({ name, of }: Published, served: readonly Work[]): Place {
    const active = context.active();
    if (name === 'call') return below(active);
    if (name === 'load') return of.cause === 'poll' || of.cause === 'change' ? alone(active) : below(active);
    if (name === 'request') {
      const parent = served.find(({ span }) => span.isRecording()) ?? served[0];
      if (parent) return below(parent.context, served);
      // a renewal or a poll runs in the background
      return of.operations.length === 0 ? alone(active) : below(active);
    }
    const operation = this.#nesting.isOn ? undefined : of.operation;
    const load = operation === undefined ? undefined : this.#waiting.get(operation)?.find(isLoad);
    return below(load ? load.context : active);
  }

  /** What the operations are doing that wait for a request. */
  #served({ provider, operations }: OfRequest): readonly Work[] {
    const found: Work[] = [];
    for (const operation of operations) {
      const works = this.#waiting.get(operation);
      const work =
        works?.find((one) => one.name !== 'load' && one.provider === provider) ?? works?.find(isLoad);
      if (work && !found.includes(work)) found.push(work);
    }
    return found;
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
  #link(of: OfRequest, { span, served, parent }: Work): void {
    for (const other of this.#served(of)) {
      if (other.span === parent) continue;
      other.span.addLink({ context: span.spanContext() });
      if (!served.includes(other)) span.addLink({ context: other.span.spanContext() });
    }
  }

  /** Ends all spans, including those of work that still runs. */
  [Symbol.dispose](): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#nesting[Symbol.dispose]();
    for (const { span } of this.#works.values()) span.end();
    this.#works.clear();
    this.#waiting.clear();
  }
}

/** Calls into an SDK. What an SDK throws must not end the process, which an error of a subscriber does. */
function safely<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    diag.error('llm-config-manager: telemetry failed', error);
    return undefined;
  }
}
