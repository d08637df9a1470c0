// Several shelters over one store and one second level, all on one clock. Used by the tests of the second
// level.

// imported up front, so that a manual clock never overtakes the import
import '../../src/shelter/cache/sharing.ts';
import { type ShelterOptions, sheltered, type WritableShelteredProvider } from '../../src/shelter/index.ts';
import type { SourceIdentity } from '../../src/shelter/port.ts';
import type { SecondLevel } from '../../src/shelter/second-level.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { MemorySecondLevel } from '../../src/testing/memory-second-level.ts';
import { FakeSource } from './fake-source.ts';

export const minute = 60_000;

/** A fake store that has an identity. It takes `delayMs` for a read. */
export class SharedSource extends FakeSource {
  id: SourceIdentity = { store: 'fake store', view: '' };
  identity(): SourceIdentity {
    return this.id;
  }
}

export function sharedStore(documents: Readonly<Record<string, string>> = {}, given: ShelterOptions = {}) {
  const clock = manualClock();
  const second = new MemorySecondLevel({ clock });
  const source = new SharedSource(documents, { now: clock.now });
  let delayMs = 0;
  source.befall = () => (delayMs > 0 ? new Promise<void>((done) => clock.after(delayMs, done)) : undefined);
  const engine = (
    options: ShelterOptions = {},
    over: FakeSource = source,
    level: SecondLevel = second,
  ): WritableShelteredProvider => {
    const cache = { ttlMs: minute, absentTtlMs: 10_000, jitter: 0, ...given.cache, ...options.cache };
    const resilience = { attempts: 1, breaker: false, ...given.resilience, ...options.resilience } as const;
    return sheltered(over, { clock, second: level, ...given, ...options, cache, resilience });
  };
  return {
    clock,
    second,
    source,
    engine,
    engines: (n: number, options?: ShelterOptions) => Array.from({ length: n }, () => engine(options)),
    reads: () => source.asked.flatMap(({ operation, documents }) => (operation === 'read' ? documents : [])),
    slow: (ms: number) => {
      delayMs = ms;
    },
  };
}

/** A level with some operations replaced. */
export const changedLevel = (level: SecondLevel, change: Partial<SecondLevel>): SecondLevel => ({
  ask: (...given) => level.ask(...given),
  keep: (...given) => level.keep(...given),
  failed: (...given) => level.failed(...given),
  invalidate: (...given) => level.invalidate(...given),
  watch: (...given) => level.watch(...given),
  ...change,
});
