import { MemoryProvider } from 'llm-config-manager';
import { type LlmEvent, loadLlm } from 'llm-config-manager/llm';

const endpoint = (model: string) => ({ provider: 'fake', baseURL: 'http://127.0.0.1:1', model });
const source = new MemoryProvider({
  'llm.endpoints': { today: endpoint('model-2'), hasty: endpoint('model-3'), wise: endpoint('model-4') },
  'llm.tasks.summarize': { kind: 'chat', use: ['today'] },
});

/** The model that is on trial, and what became of its calls. */
const tried = { name: '', calls: 0, failures: 0 };
const count = ({ type, endpoint, outcome }: LlmEvent): void => {
  if (type !== 'attempt' || endpoint !== tried.name) return;
  tried.calls++;
  if (outcome !== 'ok') tried.failures++;
};

// #region trial
const healthy = (): boolean => tried.failures / Math.max(1, tried.calls) < 0.01;
await using ai = await loadLlm(source, {
  on: count,
  trial: { ms: 100, everyMs: 20, healthy }, // in production: a quarter of an hour, every ten seconds
});
// #endregion

/** A fake of the models: one of them refuses every prompt. */
const answer = async (model: string): Promise<string> => {
  if (model === 'model-3') throw Object.assign(new Error('the prompt is refused'), { status: 400 });
  return 'an answer';
};
const summarize = ai.task('summarize');
const traffic = setInterval(() => {
  for (let user = 0; user < 100; user++)
    summarize.run(({ model }) => answer(model), { subject: `user-${user}` }).catch(() => undefined);
}, 5);

/** How the next trial ends. */
const verdict = (): Promise<string> =>
  new Promise((resolve) => {
    const subscription = ai.config.on(({ type }) => {
      if (type !== 'trial_passed' && type !== 'rolled_back') return;
      subscription[Symbol.dispose]();
      resolve(type);
    });
  });

// #region propose
for (const name of ['hasty', 'wise']) {
  Object.assign(tried, { name, calls: 0, failures: 0 });
  const weights = [
    { endpoint: 'today', weight: 9 },
    { endpoint: name, weight: 1 },
  ]; // one of ten users
  const candidate = await ai.config.candidate({ 'tasks.summarize.use': [weights] }, { reason: name });
  const ended = verdict();
  await candidate.promote();
  console.log(name, await ended, ai.config.value.tasks.summarize?.use);
}
// #endregion
clearInterval(traffic);
