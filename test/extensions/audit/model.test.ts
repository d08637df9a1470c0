// Random histories of a log: appends, failures of the disk, torn writes, new keys, new files, restarts.
// Whatever happens, each acknowledged entry keeps its number, and every checkpoint ever seen is continued.

import { open } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AuditLog } from '../../../src/extensions/audit/log.ts';
import { verifyLogs } from '../../../src/extensions/audit/verify.ts';
import { access, logs, testKey } from './opened.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 40) / 10;

afterEach(() => vi.restoreAllMocks());

type Step =
  | { readonly do: 'append'; readonly count: number }
  | {
      readonly do: 'fail';
      readonly at: 'write' | 'datasync';
      readonly written: number;
      readonly cut: boolean;
    }
  | { readonly do: 'restart' | 'change key' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      at: fc.constantFrom('write' as const, 'datasync' as const),
      written: fc.nat(900),
      cut: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'change key' as const }) },
);

const error = (): Error => Object.assign(new Error('fake'), { code: 'EIO' });

/** Makes the next batch fail after some bytes, and the cut after it, too, unless `cut`. */
async function failNext({ at, written, cut }: Extract<Step, { do: 'fail' }>): Promise<void> {
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  vi.restoreAllMocks();
  const { write } = prototype;
  if (at === 'datasync') vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(error());
  else
    vi.spyOn(prototype, 'write')
      .mockImplementationOnce(function (this: object, ...given: unknown[]) {
        const [bytes, from, length, position] = given as [Buffer, number, number, number];
        return Reflect.apply(write, this, [bytes, from, Math.min(length, written), position]);
      } as never)
      .mockRejectedValueOnce(error());
  if (!cut) vi.spyOn(prototype, 'truncate').mockRejectedValueOnce(error());
}

describe('the history of a log', () => {
  it('keeps each acknowledged entry at its number, and continues each checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        await using box = await logs();
        let key = 1;
        const start = (previous?: number): Promise<AuditLog> =>
          box.open({
            key: testKey(key),
            maxFileBytes: 2_048,
            ...(previous !== undefined && { previousKey: testKey(previous) }),
          });
        let log = await start();
        const { verifier } = log;
        const acknowledged = new Map<number, string>();
        const kept: string[] = [];
        for (const one of steps) {
          if (one.do === 'fail') await failNext(one);
          else if (one.do === 'append') {
            const all = Array.from({ length: one.count }, (_, i) => log.append(access(i)));
            for (const result of await Promise.allSettled(all))
              if (result.status === 'fulfilled') acknowledged.set(result.value.index, result.value.id);
            kept.push(log.checkpoint);
          } else {
            await log.close();
            vi.restoreAllMocks();
            const before = key;
            if (one.do === 'change key') key++;
            log = await start(one.do === 'change key' ? before : undefined);
          }
        }
        await log.close();
        vi.restoreAllMocks();
        log = await start();
        await log.close();
        const entries = box.entries();
        for (const [index, id] of acknowledged) expect(entries[index]?.id).toBe(id);
        const checked = await verifyLogs(box.directory, { keys: [verifier], checkpoints: kept });
        expect(checked).toMatchObject({ ok: true, logs: [{ size: entries.length, tailBytes: 0 }] });
      }),
      { numRuns },
    );
  }, 300_000);
});
