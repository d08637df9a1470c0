import type { SecondLevel } from '../../src/shelter/index.ts';

/** Waits until a level has its data key, until it keeps something, and a connection to the nodes that have
 *  these names. */
export async function warm(level: SecondLevel, names = 1): Promise<void> {
  const name = { store: 'warm', view: '', kind: 'document', name: 'warm' } as const;
  const all = Array.from({ length: names }, (_, i) => ({ ...name, name: `warm ${i}` }));
  await level.ask(all, { maxAgeMs: 0, lockMs: 0 });
  for (let i = 0; ; i++) {
    const [{ ticket } = { ticket: 1 }] = await level.ask([name], { maxAgeMs: 0, lockMs: 0 });
    const content = { ...name, ticket, content: Buffer.from('warm'), lifeMs: 1_000, revision: 'warm' };
    const [kept] = await level.keep([content]);
    if (kept) return;
    if (i >= 500) throw new Error('the level keeps nothing');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
