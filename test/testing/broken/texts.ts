import { makeEntry } from '../../../src/entry.ts';
import { keyOf, letters } from '../../../src/key.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { type Broken, entries, valuesOf } from './broken.ts';

export const texts: readonly Broken[] = [
  {
    fault: 'compares keys by their letters',
    caughtBy: 'distinguishes keys that differ only in case, - or _',
    spoil: (honest, backend) => ({
      get: async (key, options) => {
        const alike = [...backend.values.keys()].find((other) => letters(other) === letters(keyOf(key)));
        return honest.get(alike ?? key, options);
      },
    }),
  },
  {
    fault: 'confuses first.part with firstPart',
    caughtBy: 'distinguishes keys that differ only in their sections',
    spoil: (honest, backend) => ({
      get: async (key, options) => {
        const flat = (one: string): string => letters(one.replaceAll('.', '-'));
        const alike = [...backend.values.keys()].find((other) => flat(other) === flat(keyOf(key)));
        return honest.get(alike ?? key, options);
      },
      where: (key) => letters(key.replaceAll('.', '-')),
    }),
  },
  {
    fault: 'returns entries that are not frozen',
    caughtBy: 'get returns entries that callers cannot change',
    spoil: (honest) => entries(honest, (entry) => ({ ...entry })),
  },
  {
    fault: 'returns its own mutable list',
    caughtBy: 'returns lists that callers cannot change',
    spoil: (honest, backend) =>
      entries(honest, (entry) => ({ ...entry, value: backend.values.get(entry.key) as ConfigValue })),
  },
  {
    fault: 'treats an empty string, 0 and false as absent',
    caughtBy: 'keeps an empty string',
    spoil: (honest) => valuesOf(honest, (value) => value || undefined),
  },
  {
    fault: 'treats null as absent',
    caughtBy: 'keeps null',
    spoil: (honest) => valuesOf(honest, (value) => value ?? undefined),
  },
  {
    fault: 'converts every value to a string',
    caughtBy: 'keeps a list as one leaf',
    spoil: (honest) => valuesOf(honest, (value) => `${value}`),
  },
  {
    fault: 'converts strings to numbers',
    caughtBy: 'keeps a string that looks like a number as a string',
    spoil: (honest) =>
      valuesOf(honest, (value) =>
        typeof value === 'string' && value !== '' && Number.isFinite(Number(value)) ? Number(value) : value,
      ),
  },
  {
    fault: 'removes quotes and line breaks from strings',
    caughtBy: 'keeps quotes, line breaks and all Unicode characters',
    spoil: (honest) =>
      valuesOf(honest, (value) =>
        typeof value === 'string' ? value.replace(/["'\n]/g, '').slice(0, 1_000) : value,
      ),
  },
  {
    fault: 'truncates long strings',
    caughtBy: 'keeps a long string',
    spoil: (honest) =>
      valuesOf(honest, (value) => (typeof value === 'string' ? value.slice(0, 1_000) : value)),
  },
  {
    fault: 'shares the object that its values came from',
    caughtBy: 'is not affected by changes to the object that its values came from',
    spoil: (honest) => ({
      get: async (key, options) => {
        const entry = await honest.get(key, options);
        return entry?.key === 'service.regions'
          ? makeEntry({ ...entry, value: Object.freeze([...(entry.value as string[]), 'shared']) })
          : entry;
      },
    }),
  },
];
