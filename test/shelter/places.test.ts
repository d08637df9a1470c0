import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import {
  ancestors,
  asDocument,
  mapped,
  placesOf,
  sheltered,
  shelterOptionChecks,
  shelterOptionsOf,
} from '../../src/shelter/index.ts';
import { FakeSource } from '../support/fake-source.ts';

describe('places', () => {
  it('ancestors returns a place per key above, outermost first, if it can be spelled', () => {
    expect(ancestors('a.b.c', (key) => key)).toEqual([
      { key: 'a', document: 'a', field: '' },
      { key: 'a.b', document: 'a.b', field: '' },
      { key: 'a.b.c', document: 'a.b.c', field: '' },
    ]);
    expect(ancestors('a."x.y".c', (key) => (key.includes('"') ? undefined : key))).toEqual([
      { key: 'a', document: 'a', field: '' },
    ]);
    expect(ancestors('', (key) => key)).toEqual([]);
  });

  it('placesOf reads documents, fields of documents, and whole texts', () => {
    const map = {
      db: 'acme/db',
      'db.password': 'acme/db#password',
      pem: 'acme/pem#',
      raw: 'acme/db#pool.raw#',
    };
    expect(placesOf('Test', 'secrets', map)).toEqual([
      { key: 'db', document: 'acme/db', field: '' },
      { key: 'db.password', document: 'acme/db', field: 'password' },
      { key: 'pem', document: 'acme/pem', field: '', whole: true },
      { key: 'raw', document: 'acme/db', field: 'pool.raw', whole: true },
    ]);
    for (const wrong of ['', '#', '#field', 'doc##', 7 as never])
      expect(() => placesOf('Test', 'secrets', { a: wrong })).toThrow(
        /Test: secrets has no document or field for the key "a"/,
      );
  });

  it('mapped locates keys at or below a named place', () => {
    const locate = mapped(placesOf('Test', 'secrets', { db: 'd', 'db.host': 'h' }));
    expect(locate('db.host').map((place) => place.document)).toEqual(['d', 'h']);
    expect(locate('db.hostname').map((place) => place.document)).toEqual(['d']);
    expect(locate('dbx')).toEqual([]);
  });
});

describe('asDocument', () => {
  it('asDocument makes a tree of a JSON object, else a leaf', () => {
    const more = { secret: true, text: true };
    expect(asDocument('{"a":1}', more)).toEqual({ value: { a: 1 }, raw: '{"a":1}', ...more });
    for (const text of ['[1]', '"x"', '12', 'null', '', 'plain', '{broken', '{"a":1} and more'])
      expect(asDocument(text, more)).toEqual({ value: text, ...more });
  });

  it.each([
    ['{"a":1,"b":{"a":2,"a":3}}', 'a duplicate key'],
    ['{"id":12345678901234567890}', 'lose digits unless it is quoted'],
    ['{"ids":["12345678901234567890",-9007199254740993]}', 'lose digits unless it is quoted'],
    ['{"far":1e999}', 'lose digits unless it is quoted'],
  ])('asDocument finds a fault in text that parsing would change: %s', (text, fault) => {
    const document = asDocument(text, { secret: true, text: true });
    expect(document).toEqual({
      value: text,
      fault: expect.stringContaining(fault),
      secret: true,
      text: true,
    });
  });

  it('asDocument parses large numbers that keep all digits', () => {
    for (const text of [
      '{"a":1e300}',
      '{"a":"b\\"c","12345678901234567890":[]}',
      '{"a":9007199254740991}',
      '{"a":"12345678901234567890"}',
      '{"a":0.1234567890123456789}',
    ])
      expect(asDocument(text, { secret: true, text: true }).value).toEqual(JSON.parse(text));
  });
});

describe('the options of a shelter', () => {
  const refused = (options: object): string => {
    try {
      sheltered(new FakeSource(), options);
      return 'taken';
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).message;
    }
  };

  it('shelter options are checked at construction, by name', () => {
    expect(refused({ cach: {} })).toMatch(/store: unknown option "cach". Did you mean cache\?/);
    expect(refused({ cache: { ttl: 1 } })).toMatch(/cache: unknown option "ttl"/);
    expect(refused({ cache: true })).toMatch(/an object or false/);
    expect(refused({ cache: { ttlMs: -1 } })).toMatch(/ttlMs must be/);
    expect(refused({ cache: { staleIfErrorMs: 3_600_001 } })).toMatch(
      /staleIfErrorMs must be a number from 0 to 3600000/,
    );
    expect(refused({ limits: false })).toMatch(/limits must be an object/);
    expect(refused({ limits: { concurrency: 0 } })).toMatch(/concurrency/);
    expect(refused({ resilience: { backoff: { initialMs: 0 } } })).toMatch(/initialMs/);
    expect(refused({ resilience: { breaker: { resetMs: 'soon' } } })).toMatch(/resetMs/);
    expect(refused({ clock: Date })).toMatch(/clock must be an object with now\(\) and after\(ms, then\)/);
    expect(refused({ cache: false, resilience: false, limits: { perSecond: 0.5 } })).toBe('taken');
    expect(refused({ cache: undefined, resilience: { breaker: false, attempts: undefined } })).toBe('taken');
  });

  it('shelterOptionsOf picks the shelter’s options', () => {
    expect(shelterOptionsOf({ cache: false, path: 'x' } as never)).toEqual({ cache: false });
    const names = ['cache', 'clock', 'limits', 'resilience', 'second'];
    expect(Object.keys(shelterOptionChecks).sort()).toEqual(names);
  });
});
