// The incidents of incidents/, for a few seconds each. All clients go through each of them together.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidents } from './incidents/incidents.ts';
import { complaintsOf, run } from './incidents/run.ts';
import { table } from './incidents/table.ts';
import type { Row } from './incidents/tally.ts';
import { World } from './incidents/world.ts';

describe('a service whose stores are in trouble', () => {
  let world: World;
  const all: Row[] = [];
  beforeAll(async () => {
    world = await World.open({ readers: 200, seconds: 3 });
  });
  afterAll(async () => {
    console.log(table(all));
    await world?.[Symbol.asyncDispose]();
  });

  it.each(incidents)(
    'no answer is wrong while $happens',
    async (incident) => {
      const rows = await run(world, incident);
      all.push(...rows);
      expect(complaintsOf(incident, rows)).toEqual([]);
    },
    120_000,
  );
});
