import { makeEntry } from '../../../src/entry.ts';
import { keyOf, letters } from '../../../src/key.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { type Broken, entries, valuesOf } from './broken.ts';

export const texts: readonly Broken[] = [
  {
    fault: 'reads keys by their letters, so that two keys are one',
    caughtBy: 'keeps keys apart that differ in case, - or _ alone',
    spoil: (honest, backend) => ({
      get: async (key, options) => {
        const alike = [...backend.values.keys()].find((other) => letters(other) === letters(keyOf(key)));
        return honest.get(alike ?? key, options);
      },
    }),
  },
  {
    fault: 'writes sections and words alike, so that first.part and firstPart are one',
    caughtBy: 'keeps keys apart that differ in their sections alone',
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
    fault: 'answers entries that can be changed',
    caughtBy: 'answers entries that nobody can change',
    spoil: (honest) => entries(honest, (entry) => ({ ...entry })),
  },
  {
    fault: 'answers what it holds itself, for everyone to change',
    caughtBy: 'answers lists that nobody can change',
    spoil: (honest, backend) =>
      entries(honest, (entry) =>
        makeEntry({ ...entry, value: backend.values.get(entry.key) as ConfigValue }),
      ),
  },
  {
    fault: 'takes an empty text, 0 and false for nothing',
    caughtBy: 'keeps an empty text, which is a value',
    spoil: (honest) => valuesOf(honest, (value) => value || undefined),
  },
  {
    fault: 'takes null for nothing',
    caughtBy: 'keeps null, which is a value',
    spoil: (honest) => valuesOf(honest, (value) => value ?? undefined),
  },
  {
    fault: 'makes a text of everything',
    caughtBy: 'keeps a list whole, as one leaf',
    spoil: (honest) => valuesOf(honest, (value) => `${value}`),
  },
  {
    fault: 'reads numbers out of texts',
    caughtBy: 'keeps a text that looks like a number a text, zeros and all',
    spoil: (honest) =>
      valuesOf(honest, (value) =>
        typeof value === 'string' && value !== '' && Number.isFinite(Number(value)) ? Number(value) : value,
      ),
  },
  {
    fault: 'trims, unescapes and cuts texts',
    caughtBy: 'keeps quotes, line breaks and every letter there is',
    spoil: (honest) =>
      valuesOf(honest, (value) =>
        typeof value === 'string' ? value.replace(/["'\n]/g, '').slice(0, 1_000) : value,
      ),
  },
  {
    fault: 'cuts long texts',
    caughtBy: 'keeps a long text whole',
    spoil: (honest) =>
      valuesOf(honest, (value) => (typeof value === 'string' ? value.slice(0, 1_000) : value)),
  },
  {
    fault: 'holds the object that its values came from',
    caughtBy: 'does not change with the object that its values came from',
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
