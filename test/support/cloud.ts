import {
  describeProvider,
  describeShelter,
  type Given,
  manualClock,
  type Subject,
  type Values,
} from 'llm-config-manager/testing';
import * as runner from 'vitest';

/** Runs both conformance suites against a store with a fake client, in which several documents may have a
 *  key. */
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

  // a key with two possible documents costs two requests, but a breaker probe is a single request
  const secrets = Object.fromEntries(
    ['name', 'zone', 'warm', 'none', 'lease'].map((name) => [`service.${name}`, `service--${name}`]),
  );

  describeShelter({
    name,
    runner,
    make: (values, options) => subject(values, { ...options, secrets }),
    without,
  });
}
