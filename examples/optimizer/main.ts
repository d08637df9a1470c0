import { type ConfigEvent, loadConfig, MemoryProvider, rollout, variant } from 'llm-config-manager';
import { z } from 'zod';

const temperature = z.number().min(0).max(2);
const Schema = z.object({
  llm: z.object({ temperature }),
  experiment: z.object({ temperature, percent: z.number() }),
});
const source = new MemoryProvider({
  llm: { temperature: 0.7 },
  experiment: { temperature: 0.7, percent: 0 },
});

/** What the subjects of the experiment have seen. */
const seen = { answers: 0, failures: 0 };

// #region trial
const healthy = (): boolean => seen.failures / Math.max(1, seen.answers) < 0.01;
await using config = await loadConfig(Schema, source, {
  keep: 5, // generations that rollback() can reach; each keeps its secrets in memory
  trial: { ms: 100, everyMs: 20, healthy }, // in production: a quarter of an hour, every ten seconds
});
// #endregion

// #region rollout
/** One request of a user. One of ten users takes part in an experiment, always the same ones. */
function answer(user: string): void {
  const { llm, experiment } = config.value;
  const takesPart = rollout('temperature', { percent: experiment.percent, subject: user });
  const isGood = ask(takesPart ? experiment.temperature : llm.temperature);
  if (takesPart) seen.answers++;
  if (takesPart && !isGood) seen.failures++;
}
// #endregion

/** A fake of the model: above 1, its answers are of no use. */
const ask = (heat: number): boolean => heat <= 1;

const traffic = setInterval(() => {
  for (let user = 0; user < 1_000; user++) answer(`user-${user}`);
}, 5);

/** How the next trial ends. */
const verdict = (): Promise<ConfigEvent['type']> =>
  new Promise((resolve) => {
    const subscription = config.on((event) => {
      if (event.type !== 'trial_passed' && event.type !== 'rolled_back') return;
      if ('message' in event) console.log(event.message);
      subscription[Symbol.dispose]();
      resolve(event.type);
    });
  });

// #region optimizer
for (const [number, proposed] of [3, 1.8, 0.2].entries()) {
  const reason = `optimizer #${number + 1}`;
  const values = { experiment: { temperature: proposed, percent: 10 } };
  const candidate = await config.candidate(values, { reason });
  console.log(reason, candidate.diff);
  if (candidate.problems.length > 0) {
    console.log(candidate.problems.map(({ key, message }) => `${key}: ${message}`));
    continue;
  }
  Object.assign(seen, { answers: 0, failures: 0 });
  const ended = verdict();
  await candidate.promote(); // for one of ten users
  if ((await ended) === 'rolled_back') continue; // the candidate was removed
  const all = await config.candidate({ 'llm.temperature': proposed }, { reason: `${reason}, for all` });
  await all.promote();
  await candidate.release(); // the experiment is over
}
// #endregion
clearInterval(traffic);

// #region variant
console.log(variant('model', { small: 90, large: 10 }, 'user-7')); // the same for this user each time
// #endregion

// #region history
for (const { number, reason, keys } of await config.history()) console.log(number, reason, keys);
await config.rollback(2);
console.log(config.value);
// #endregion
