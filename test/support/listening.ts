import type { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent, ConfigEventTypes } from '../../src/events.ts';

type Type = keyof ConfigEventTypes;
type Of<T extends Type> = Extract<ConfigEvent, { readonly type: T }>;

/** Collects the events of a provider, a chain or a configuration. */
export function listening(to: { on?(listener: (event: ConfigEvent) => void): Disposable }) {
  const events: ConfigEvent[] = [];
  const subscription = to.on?.((event) => events.push(event));
  return {
    events,
    /** The events of one type, in order. */
    of: <T extends Type>(type: T): Of<T>[] => events.filter((event): event is Of<T> => event.type === type),
    stop: (): void => subscription?.[Symbol.dispose](),
  };
}

/** The events as short texts: `chain read ok db.host`. */
export const brief = (events: readonly ConfigEvent[]): string[] =>
  events.map(({ provider, type, outcome, key }) => [provider, type, outcome, key].filter(Boolean).join(' '));

/** The error that a promise rejects with. */
export const failureOf = (result: Promise<unknown>): Promise<ConfigError> =>
  result.then(
    () => {
      throw new Error('must not succeed');
    },
    (error: unknown) => error as ConfigError,
  );
