// A second level between a process and a `MemorySecondLevel`: its answers take up to 20 ms and arrive in any
// order. Its levers make it lie. Used by the property test of the second level.

import type { HeldContent, KeptContent, SecondLevel, SharedName } from '../../src/shelter/second-level.ts';
import type { MemorySecondLevel } from '../../src/testing/memory-second-level.ts';
import { changedLevel } from './shared-store.ts';

export interface FaultyLevel {
  readonly level: SecondLevel;
  /** It returns contents of every age. */
  ignoresAge: boolean;
  /** It returns any content that it ever kept. */
  replays: boolean;
}

/** `draw`: a random whole number from 0 to 9. */
export function faultyLevel(
  second: MemorySecondLevel,
  after: (ms: number) => Promise<void>,
  draw: () => number,
): FaultyLevel {
  const history = new Map<string, HeldContent[]>();
  const nameOf = ({ kind, name }: SharedName): string => `${kind} ${name}`;
  const remember = (one: KeptContent): void => {
    history.set(nameOf(one), [...(history.get(nameOf(one)) ?? []), one]);
  };
  const replayed = (name: SharedName): HeldContent | undefined => {
    const all = history.get(nameOf(name)) ?? [];
    return all[draw() % Math.max(1, all.length)];
  };
  const late =
    <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await after(draw());
      const answer = await call(...given);
      await after(draw());
      return answer;
    };
  const faulty: FaultyLevel = {
    ignoresAge: false,
    replays: false,
    level: changedLevel(second, {
      ask: late(async (...[names, options]: Parameters<SecondLevel['ask']>) => {
        const { maxAgeMs } = options;
        const age = faulty.ignoresAge && maxAgeMs > 0 ? Number.POSITIVE_INFINITY : maxAgeMs;
        const answers = await second.ask(names, { ...options, maxAgeMs: age });
        if (!faulty.replays || second.fault) return answers;
        return answers.map((answer, i) => replayed(names[i] as SharedName) ?? answer);
      }),
      keep: late((...[contents]: Parameters<SecondLevel['keep']>) => {
        for (const one of contents) remember(one);
        return second.keep(contents);
      }),
      failed: late((...given: Parameters<SecondLevel['failed']>) => second.failed(...given)),
      invalidate: late((...given: Parameters<SecondLevel['invalidate']>) => second.invalidate(...given)),
    }),
  };
  return faulty;
}
