// Endpoints in memory, with a clock that a test moves, and functions in place of clients.

import type { LlmData } from '../../../src/extensions/llm/data.ts';
import type { Endpoint } from '../../../src/extensions/llm/endpoints/endpoint.ts';
import type { LlmEvent } from '../../../src/extensions/llm/endpoints/events.ts';
import type { Llm } from '../../../src/extensions/llm/following-llm.ts';
import { type LlmLoadOptions, loadLlm } from '../../../src/extensions/llm/load-llm.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { manualClock } from '../../../src/testing/clock.ts';

/** Two vendors, and a task that asks one after the other. */
export const two = {
  endpoints: {
    first: { provider: 'openai', model: 'gpt-x', auth: { type: 'key', apiKey: 'fake-Zq83-first' } },
    second: { provider: 'anthropic', model: 'claude-y', auth: { type: 'key', apiKey: 'fake-Zq83-second' } },
  },
  tasks: { chat: { use: ['first', 'second'] } },
} satisfies LlmData;

export interface Loaded extends AsyncDisposable {
  readonly ai: Llm;
  readonly clock: ReturnType<typeof manualClock>;
  readonly events: LlmEvent[];
  readonly store: MemoryProvider;
}

/** Loads endpoints from memory. */
export async function loaded(data: LlmData = two, options: LlmLoadOptions = {}): Promise<Loaded> {
  const clock = manualClock();
  const events: LlmEvent[] = [];
  const store = new MemoryProvider({ llm: data as never });
  const ai = await loadLlm(store, { clock, on: (event) => events.push(event), ...options });
  return { ai, clock, events, store, [Symbol.asyncDispose]: () => ai.close() };
}

/** What an endpoint does: answers or throws, the next of its list each time, the last one again and again. */
export function backend(plan: Readonly<Record<string, unknown>>): {
  readonly asked: string[];
  (endpoint: Endpoint): Promise<unknown>;
} {
  const asked: string[] = [];
  const turn = new Map<string, number>();
  const ask = async ({ name }: Endpoint): Promise<unknown> => {
    asked.push(name);
    const all = [plan[name]].flat();
    const n = turn.get(name) ?? 0;
    turn.set(name, n + 1);
    const step = all[Math.min(n, all.length - 1)];
    if (step instanceof Error) throw step;
    return step;
  };
  return Object.assign(ask, { asked });
}

/** An error of a client. */
export const http = (status: number, error: object = {}, headers: object = {}): Error =>
  Object.assign(new Error(`${status} of the client`), { status, error, headers });
