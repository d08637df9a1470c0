// Closing a source within a time, and saying what is left. Used by sheltered.ts.

import { endsWithin } from '../closing.ts';
import type { Emitter } from '../internal/listeners.ts';
import { type Clock, later } from './clock.ts';
import type { DocumentSource } from './port.ts';

/** Closes a source, and stops waiting for it after `withinMs`. */
export async function closeSource(
  source: DocumentSource,
  withinMs: number,
  clock: Clock,
  emitter: Emitter,
): Promise<void> {
  const say = (what: string): void => emitter.notice(`${source.name}: ${what}`, 'timeout');
  const left = (what: string): void => say(`closed without revoking ${what}`);
  // the source ends first, so that it can report what it leaves
  const closing = source.close?.({ withinMs: withinMs * 0.9, left });
  if (!closing) return;
  const ended = await endsWithin(closing, withinMs, (ms, then) => later(clock, ms, then));
  if (!ended) say(`did not close within ${withinMs} ms`);
}
