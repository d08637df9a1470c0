import { deepStrictEqual } from 'node:assert';
import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeEntry, secret } from '../src/entry.ts';
import { masked, maskedCopy } from '../src/masking.ts';
import { makeOrigin } from '../src/origin.ts';
import { reveal } from '../src/reveal.ts';

const value = {
  host: 'h',
  password: 'fake-1',
  list: ['a', 'fake-2', { k: 'fake-3' }],
  at: new Date(0),
  n: 1n,
  none: undefined,
  nil: null,
};
const visible = { host: 'h', list: ['a'], n: 1n, nil: null };
const made = maskedCopy(value, () => visible);

describe('maskedCopy', () => {
  it('reads, clones, compares and iterates like the original', () => {
    expect(made.password).toBe('fake-1');
    expect({ ...made }.password).toBe('fake-1');
    expect([...made.list][1]).toBe('fake-2');
    expect(structuredClone(made)).toEqual(value);
    deepStrictEqual(made, value);
    expect(made).toStrictEqual(value);
    expect(Object.keys(made)).toEqual(Object.keys(value));
    expect(made.at).toBe(value.at);
  });

  it('freezes the copy, not the original', () => {
    for (const part of [made, made.list, made.list[2] as object]) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen(value) || Object.isFrozen(value.list)).toBe(false);
  });

  it('shows only visible values in every way of printing', () => {
    const printed = [
      inspect(made),
      format('%o %j %O %s', made, { made }, made.list, made),
      JSON.stringify({ a: [made] }),
      inspect([made.list]),
    ];
    for (const text of printed) {
      expect(text).not.toMatch(/fake/);
      expect(text).toContain('[redacted]');
    }
    expect(inspect(made)).toContain("host: 'h'");
    expect(JSON.parse(JSON.stringify(made))).toEqual({
      host: 'h',
      password: '[redacted]',
      list: ['a', '[redacted]', { k: '[redacted]' }],
      at: '[redacted]',
      n: '1',
      nil: null,
    });
  });

  it('masks a value that is moved or changed', () => {
    expect(masked({ renamed: 'fake-1', host: 'H' }, visible)).toEqual({
      renamed: '[redacted]',
      host: '[redacted]',
    });
  });

  it('copies circles, getters, symbols and special names', () => {
    const circle: Record<PropertyKey, unknown> = {
      [Symbol.for('s')]: 1,
      get computed() {
        return 'fake-9';
      },
    };
    circle.self = circle;
    Object.defineProperty(circle, '__proto__', { value: { polluted: true }, enumerable: true });
    const safe = maskedCopy(
      circle,
      () => ({}),
      () => false,
    );
    expect(safe.self).toBe(safe);
    expect(safe.computed).toBe('fake-9');
    expect(safe[Symbol.for('s')]).toBe(1);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(inspect(safe)).not.toContain('fake-9');
    expect((reveal(safe) as { self: unknown }).self).toBeTypeOf('object');
  });

  it('changes no prototype through a property called __proto__', () => {
    const odd = JSON.parse('{"a":[{"__proto__":{"polluted":true}}]}') as { a: { polluted?: unknown }[] };
    const safe = maskedCopy(odd, () => ({}));
    expect(safe.a[0]?.polluted).toBeUndefined();
    expect(Object.keys(safe.a[0] as object)).toEqual(['__proto__']);
  });

  it('keeps a property called toJSON', () => {
    const own = maskedCopy({ toJSON: 'mine' }, () => ({}));
    expect(own.toJSON).toBe('mine');
  });

  it('omits the getters that isOmitted selects', () => {
    const get = (): string => 'hole';
    const one = Object.defineProperty({ a: 1 }, 'b', { get, enumerable: true });
    expect(
      Object.keys(
        maskedCopy(
          one,
          () => ({}),
          (getter) => getter === get,
        ),
      ),
    ).toEqual(['a']);
  });
});

describe('reveal', () => {
  it('reveals a Secret, an Entry and a masked copy', () => {
    const entry = makeEntry({
      key: 'a',
      value: 'fake-1',
      secret: true,
      origin: makeOrigin({ provider: 'p', source: 's' }),
    });
    expect(reveal(secret('fake-1'))).toBe('fake-1');
    expect(reveal(entry)).toBe('fake-1');
    const copy = reveal(made);
    expect(copy).toEqual(value);
    expect(Object.isFrozen(copy)).toBe(false);
    expect(inspect(copy)).toContain('fake-3');
  });

  it('a masked copy is frozen and sends the mask, and reveal of it neither', () => {
    const masked = maskedCopy({ oauth: { id: 'a', secret: 'fake-1' } }, () => ({ oauth: { id: 'a' } }));
    /** Adds a property to its options, as Fastify does. */
    const listen = (options: object): unknown => Object.assign(options, { cb: () => undefined });
    expect(() => listen(masked.oauth)).toThrow('Cannot add property cb, object is not extensible');
    expect(JSON.stringify({ oauth: masked.oauth })).toBe('{"oauth":{"id":"a","secret":"[redacted]"}}');
    expect(listen(reveal(masked.oauth))).toMatchObject({ id: 'a', cb: expect.any(Function) });
    expect(JSON.stringify({ oauth: reveal(masked.oauth) })).toBe('{"oauth":{"id":"a","secret":"fake-1"}}');
    expect(JSON.stringify({ oauth: reveal(masked).oauth })).toContain('fake-1');
  });

  it('reveal returns every other value unchanged', () => {
    for (const one of ['x', 5, null, undefined, value.at]) expect(reveal(one)).toBe(one);
  });
});
