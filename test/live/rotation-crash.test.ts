// An orchestrator that is killed before each change of the store or the database, while clients query a real
// PostgreSQL. The secret is in Secrets Manager, or in KV version 2 of OpenBao. `npm run test:live`.
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer } from './rotation/orchestrator.ts';
import { Cleaning, loaded, Orchestrator, seeded } from './rotation/processes.ts';
import { kinds, made } from './rotation/world.ts';

const cleaning = new Cleaning();
afterEach(() => cleaning.run(), 60_000);

describe.each(kinds)('a secret in %s', (kind) => {
  it('no query fails when the orchestrator is killed before each change, and nothing is left', async () => {
    const setup = await seeded(kind, cleaning);
    const world = made(setup);
    cleaning.add(() => world.close());
    const load = loaded(setup, cleaning);

    /** What the store and the database say at the end of a rotation. */
    const settled = async () => {
      const { current, pending, previous } = await world.store.read();
      const { rows } = await world.admin.query(
        'select rolname from pg_roles where rolname = any($1) and rolcanlogin',
        [setup.users],
      );
      const { isAccepted } = await world.rotation.status();
      expect({ pending, previous, isAccepted }).toEqual({ isAccepted: true });
      const { username, host } = current.value as { username: string; host: string };
      expect({ rows, host }).toEqual({ rows: [{ rolname: username }], host: 'kept' });
    };

    const first = await Orchestrator.start(setup, cleaning);
    // the first rotation creates a user; the second one is like those that follow
    await first.obey({ until: ['done'] });
    const { changes } = (await first.obey({ until: ['done'] })) as Answer;
    expect(changes.length).toBeGreaterThanOrEqual(8); // so nine rotations at least
    first.process.kill();
    await settled();
    let spare = await Orchestrator.start(setup, cleaning);
    for (const killAt of changes.keys()) {
      const killed = spare;
      spare = await Orchestrator.start(setup, cleaning); // gets ready meanwhile
      expect(await killed.obey({ until: ['done'], killAt })).toBe('SIGKILL');
      await expect
        .poll(() => world.rotation.step(), { timeout: 60_000, interval: 50 })
        .toMatch(/^(?:idle|done)$/);
      await settled();
    }
    spare.process.kill();
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(load.queries).toBeGreaterThan(1_000);
  }, 240_000);
});
