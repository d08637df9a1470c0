import { MemoryProvider } from 'llm-config-manager';
import { loadLlm } from 'llm-config-manager/llm';
import { compare, hundred } from './compare.ts';

const endpoint = { provider: 'openai', model: 'gpt-x', auth: { type: 'key', apiKey: 'fake' } };
const names = ['a', 'b', 'c', 'd'];
const ai = await loadLlm(
  new MemoryProvider({
    llm: {
      endpoints: Object.fromEntries(names.map((name) => [name, { ...endpoint, supports: ['json'] }])),
      tasks: {
        ranked: { use: names },
        weighted: { use: [names.map((name, n) => ({ endpoint: name, weight: n + 1 }))] },
      },
    },
  }),
);
const ranked = ai.task('ranked');
const weighted = ai.task('weighted');
const ask = async (): Promise<number> => 1;
const { signal } = new AbortController();

await compare(
  'a call of a model that answers at once',
  {
    'the function alone': hundred(ask),
    'endpoints in order': hundred(() => ranked.run(ask)),
    'by weight': hundred(() => weighted.run(ask, { needs: ['json'] })),
    'by weight, for a subject': hundred(() => weighted.run(ask, { subject: 'user 7' })),
    'with a signal that lives long': hundred(() => ranked.run(ask, { signal })),
    'AbortSignal.any with that signal': hundred(async () =>
      AbortSignal.any([signal, new AbortController().signal]),
    ),
  },
  {
    batch: 100,
    timeMs: 3_000, // a call has many parts, which the compiler optimises late
    goals: [
      { says: 'a call of a model, endpoints in order', of: 'endpoints in order', atMost: 5e3, limit: 20e3 },
      {
        says: 'a call of a model, with a signal that lives long',
        of: 'with a signal that lives long',
        atMost: 15e3,
        limit: 60e3,
      },
    ],
  },
);
await ai.close();
