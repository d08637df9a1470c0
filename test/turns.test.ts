import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { BundleProvider, type ConfigEvent, loadConfig } from '../src/index.ts';
import { atOnce, inTurns, type Steps, together, wait } from '../src/turns.ts';

function* counting(to: number): Steps<number> {
  for (let at = 0; at < to; at++) yield;
  return to;
}

/** Counts the turns of the event loop until it is stopped. */
function others(each: () => void = () => undefined): () => number {
  let turns = 0;
  let done = false;
  const next = (): void => {
    turns++;
    each();
    if (!done) setImmediate(next);
  };
  setImmediate(next);
  return () => {
    done = true;
    return turns;
  };
}

/** Every look at the clock is another ten milliseconds later. */
const slowClock = (): void => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 10;
    return now;
  });
};

afterEach(() => void vi.restoreAllMocks());

describe('steps', () => {
  it('lets others run whenever ten milliseconds have passed', async () => {
    slowClock();
    const stop = others();
    expect(await inTurns(counting(50))).toBe(50);
    expect(stop()).toBeGreaterThan(40);
  });

  it('does not wait while less time has passed', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const stop = others();
    expect(await inTurns(counting(1_000))).toBe(1_000);
    expect(stop()).toBe(0);
  });

  it('atOnce does the same work without a turn', () => {
    expect(atOnce(counting(1_000))).toBe(1_000);
  });

  const both = (answer: number) => ({ who: 'both', later: async () => answer, now: () => -answer });
  function* adding(...answers: number[]): Steps<number> {
    let sum = 0;
    for (const answer of answers) sum += yield* wait(both(answer));
    return sum;
  }

  it('wait for a promise in turns, and for nothing at once', async () => {
    expect(await inTurns(adding(1, 2))).toBe(3);
    expect(atOnce(adding(1, 2))).toBe(-3);
  });

  it('together run at the same time in turns, and one after the other at once', async () => {
    const seen: string[] = [];
    function* two(name: string): Steps<string> {
      for (const part of [1, 2]) {
        seen.push(`${name}${part}`);
        yield* wait({ who: name, later: async () => undefined, now: () => undefined });
      }
      return name;
    }
    expect(await inTurns(together([two('a'), two('b')]))).toEqual(['a', 'b']);
    expect(seen.splice(0)).toEqual(['a1', 'b1', 'a2', 'b2']);
    expect(atOnce(together([two('a'), two('b')]))).toEqual(['a', 'b']);
    expect(seen).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(atOnce(together([]))).toEqual([]);
  });

  it.each([
    ['in turns', async (steps: Steps<unknown>) => inTurns(steps)],
    ['at once', async (steps: Steps<unknown>) => atOnce(steps)],
  ])('catch what a wait throws, and end what they have begun (%s)', async (_, run) => {
    const ended: string[] = [];
    const failing = () => {
      throw new Error('broken');
    };
    function* work(): Steps<string> {
      try {
        return yield* wait({ who: 'it', later: async () => failing(), now: failing });
      } catch (error) {
        return `caught ${(error as Error).message}`;
      } finally {
        yield* wait({ who: 'it', later: async () => ended.push('later'), now: () => ended.push('now') });
      }
    }
    expect(await run(work())).toBe('caught broken');
    expect(ended).toHaveLength(1);
  });

  it('without a form that does not wait are refused at once', () => {
    const never = vi.fn();
    const steps = wait({ who: 'the store', later: never, hint: 'Wait' });
    expect(() => atOnce(steps)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: 'loadConfigSync cannot wait for the store. Wait',
      }),
    );
    expect(never).not.toHaveBeenCalled();
  });
});

describe('a reload that takes long', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'turns-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const Section = z.object({ number: z.number(), text: z.string(), secret: z.string() });
  const schema = z.record(z.string(), Section);
  const valuesOf = (number: number, count = 40) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `section${at}`,
        { number, text: `a text ${number}`, secret: `fake-${number}` },
      ]),
    );
  const yaml = (number: number): string =>
    Object.entries(valuesOf(number))
      .map(
        ([name, { text, secret }]) => `${name}:\n  number: ${number}\n  text: ${text}\n  secret: ${secret}\n`,
      )
      .join('');
  const json = (number: number): string => JSON.stringify(valuesOf(number));

  it.each([
    ['config.json', json],
    ['config.yaml', yaml],
  ] as const)('of %s lets others run, who see whole generations', async (name, textOf) => {
    const file = join(folder, name);
    await writeFile(file, textOf(1));
    const events: ConfigEvent[] = [];
    await using config = await loadConfig(schema, new BundleProvider(file), {
      on: (event) => void events.push(event),
    });
    await writeFile(file, textOf(2));
    slowClock();
    const seen = new Set<string>();
    const stop = others(() => {
      const numbers = new Set(Object.values(config.value).map(({ number }) => number));
      seen.add([...numbers].join());
    });
    await config.reload();
    expect(stop()).toBeGreaterThan(100);
    vi.restoreAllMocks();
    expect([...seen]).toEqual(['1']);
    expect(config.value).toEqual(valuesOf(2));
    const changed = events.find(({ type }) => type === 'changed');
    expect(changed).toMatchObject({ version: '2' });
    expect((changed as { keys?: readonly string[] }).keys).toHaveLength(120);
    expect(JSON.stringify(config.value)).not.toContain('fake');
  });

  it('without changes keeps the generation', async () => {
    const file = join(folder, 'config.json');
    await writeFile(file, json(1));
    await using config = await loadConfig(schema, new BundleProvider(file));
    const { value } = config;
    await writeFile(file, JSON.stringify(valuesOf(1), null, 2));
    slowClock();
    await config.reload();
    expect(config.value).toBe(value);
    expect(config.generation.number).toBe(1);
  });

  it('is compared with the generation that a rollback restores meanwhile', async () => {
    const file = join(folder, 'config.json');
    await writeFile(file, json(1));
    await using config = await loadConfig(schema, new BundleProvider(file));
    const { value } = config;
    await writeFile(file, json(2));
    await config.reload();
    await writeFile(file, JSON.stringify(valuesOf(1), null, 2));
    slowClock();
    let turns = 0;
    let rollback: Promise<unknown> | undefined;
    const stop = others(() => {
      if (++turns === 3) rollback = config.rollback();
    });
    await config.reload();
    stop();
    vi.restoreAllMocks();
    await rollback;
    expect(config.value).toStrictEqual(value);
  });

  it('is discarded if the configuration is closed meanwhile', async () => {
    const file = join(folder, 'config.json');
    await writeFile(file, json(1));
    const config = await loadConfig(schema, new BundleProvider(file));
    await writeFile(file, json(2));
    slowClock();
    let turns = 0;
    const stop = others(() => {
      if (++turns === 150) void config.close();
    });
    await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
    stop();
    expect(config.value.section0?.number).toBe(1);
  });
});
