import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { BundleProvider, isConfigError, loadConfig } from '../../src/index.ts';
import { program } from '../support/program.ts';
import { runs } from '../support/runs.ts';
import { until } from '../support/until.ts';
import { isWhole, Whole, wholeText } from '../support/whole.ts';

const rounds = runs(70, 1_000);

const message = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
const watchers = (): number =>
  process.getActiveResourcesInfo().filter((one) => one === 'FSEventWrap' || one === 'Timeout').length;

it('readers see whole generations while a file is rewritten, broken and deleted', async () => {
  const before = watchers();
  const folder = await mkdtemp(join(tmpdir(), 'load-'));
  const file = join(folder, 'config.json');
  await writeFile(file, wholeText(0));
  const worker = new Worker(await program(new URL('../support/reader.ts', import.meta.url)), {
    workerData: { file },
  });
  const ready = message(worker);
  const config = await loadConfig(Whole, new BundleProvider(file));
  expect(await ready).toBe('ready');

  let [reads, torn, refused, reloads, done] = [0, 0, 0, 0, false];
  const reader = (async () => {
    while (!done) {
      for (let i = 0; i < 3; i++) {
        reads++;
        const { value } = config;
        if (
          !isWhole(value) ||
          config.get('number') !== value.number ||
          config.at('items').value !== value.items
        )
          torn++;
      }
      await new Promise((resolve) => setTimeout(resolve)); // the core is left to others in between
    }
  })();

  const began = performance.now();
  for (let number = 1; number <= rounds || performance.now() - began < 5 * rounds; number++) {
    const whole = wholeText(number);
    const texts = [whole, whole.slice(0, whole.length / 2), whole.replace('"sum":"', '"sum":0,"was":"')];
    if (number % 16 === 0)
      await unlink(file); // for whose return a reload waits a while
    else await writeFile(file, texts[number % 3] as string);
    reloads++;
    await config.reload().catch((error: unknown) => {
      expect(isConfigError(error)).toBe(true);
      refused++;
    });
  }
  await writeFile(file, wholeText(-1));
  await config.reload();
  done = true;
  await reader;
  expect(config.value.number).toBe(-1);
  expect(torn).toBe(0);
  expect(reads).toBeGreaterThan(rounds);
  expect(reloads).toBeGreaterThanOrEqual(rounds);
  expect(refused).toBeGreaterThan(reloads / 2);

  const answer = message(worker);
  worker.postMessage(-1);
  const seen = (await answer) as { reads: number; torn: number };
  expect(seen.torn).toBe(0);
  expect(seen.reads).toBeGreaterThan(rounds);
  await worker.terminate();
  await config.close();
  await rm(folder, { recursive: true });
  await until('every watch and timer is gone', () => watchers() <= before);
});
