// Two processes that write one file are killed in the middle. Briefly here; 100 times with PROPERTY_RUNS.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { program } from '../../support/program.ts';
import { value } from '../../support/sheltering.ts';
import { world } from './world.ts';

const kills = process.env.PROPERTY_RUNS === undefined ? 1 : 100;

it('a file whose writers are killed has every value that was acknowledged, or a later one', async () => {
  await using at = await world();
  at.store.failure = 'unavailable';
  const file = await program(new URL('./writer.ts', import.meta.url));
  for (let kill = 0; kill < kills; kill++) {
    const saved: Record<string, number> = { a: 0, b: 0 };
    const writers = Object.keys(saved).map((own) => {
      const child = fork(file, [at.file, own], { execArgv: [] });
      child.on('message', (number: number) => {
        saved[own] = number;
      });
      return child;
    });
    await Promise.all(writers.map((child) => once(child, 'message')));
    await new Promise((done) => setTimeout(done, (kill * 17) % 60));
    for (const child of writers) child.kill('SIGKILL');
    await Promise.all(writers.map((child) => once(child, 'close')));
    const reader = at.start({ clock: { now: Date.now, after: () => () => undefined } });
    for (const own of ['a', 'b', 'shared']) {
      const [writer = '', number] = String(await value(reader.get(own))).split(' ');
      if (own !== 'shared') expect(writer).toBe(own);
      expect(Number(number)).toBeGreaterThanOrEqual(Math.min(saved.a as number, saved[writer] as number));
      expect(Number(number)).toBeLessThanOrEqual((saved[writer] as number) + 1);
    }
    expect(reader.stats()).toMatchObject({ refused: 0, keys: 53 });
    await reader.close();
  }
  // what killed writers leave behind is swept by later ones
  expect(readdirSync(path.dirname(at.file)).length).toBeLessThan(3 * kills + 4);
}, 900_000);
