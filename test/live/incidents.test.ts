// The incidents of incidents/, for a few seconds each. All clients go through each of them together. The
// verdict depends on the answers and on numbers of requests, not on how fast the machine is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedWhileStopped } from './incidents/closing.ts';
import { incidents } from './incidents/incidents.ts';
import { complaintsOf, run } from './incidents/run.ts';
import { World } from './incidents/world.ts';

describe('a service of 600 readers whose stores are in trouble', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({ readers: 200, seconds: 2 });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  it.each(incidents.map((incident) => [incident.happens, incident] as const))(
    'no answer is wrong while %s',
    async (_, incident) => {
      expect(complaintsOf(incident, await run(world, incident))).toEqual([]);
    },
    120_000,
  );

  it('close ends while Vault is stopped, without the ten seconds of a revocation', async () => {
    const { ms, code, notices } = await closedWhileStopped(world.stores);
    expect(ms).toBeLessThan(7_000);
    expect(code).toBe('aborted');
    expect(notices.join()).toContain('without revoking a lease');
  });
});
