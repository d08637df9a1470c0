import type { ConfigError } from '../../src/errors.ts';
import { type ShelterOptions, sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { FakeSource } from './fake-source.ts';

/** A sheltered fake store on a manual clock. */
export function sheltering(
  documents: Readonly<Record<string, string>> = {},
  options: ShelterOptions = {},
  more: Partial<FakeSource> = {},
) {
  const clock = manualClock();
  const source = new FakeSource(documents, { now: clock.now, ...more });
  const cache = options.cache === false ? (false as const) : { jitter: 0, ...options.cache };
  return { clock, source, provider: sheltered(source, { clock, ...options, cache }) };
}

export const value = async (reading: Promise<{ readonly value: unknown } | undefined>): Promise<unknown> =>
  (await reading)?.value;

export const code = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'answered',
    (error: ConfigError) => error.code,
  );
