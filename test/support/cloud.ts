import {
  describeProvider,
  describeShelter,
  type Given,
  manualClock,
  type Subject,
  type Values,
} from 'llm-config-manager/testing';
import * as runner from 'vitest';

/** Both suites for a store that is faked behind its client, and in which a key may stand in several documents. */
export function describeCloud(
  name: string,
  subject: (
    values: Values,
    options: Partial<Given> & { readonly secrets?: Readonly<Record<string, string>> },
  ) => Subject,
  without: Readonly<Record<string, string>>,
): void {
  describeProvider({
    name,
    runner,
    make: (values) => {
      const clock = manualClock();
      return {
        ...subject(values, { clock, resilience: { breaker: false } }),
        advance: (ms) => clock.advance(ms),
        paceMs: 1_000,
      };
    },
    without,
  });

  // a key that may stand in two documents costs two requests; the probe of a breaker is one
  const secrets = Object.fromEntries(
    ['name', 'zone', 'warm', 'none', 'lease'].map((word) => [`service.${word}`, `service--${word}`]),
  );

  describeShelter({
    name,
    runner,
    make: (values, options) => subject(values, { ...options, secrets }),
    without,
  });
}
