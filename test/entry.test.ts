import { inspect, isDeepStrictEqual } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { type Entry, isUnreadable, makeEntry, Secret, secret } from '../src/entry.ts';
import { ConfigError } from '../src/errors.ts';
import { makeOrigin } from '../src/origin.ts';
import { MASK } from '../src/redact.ts';
import { isTree } from '../src/value.ts';

const fake = 'fake-Zq83-not-real';
const origin = makeOrigin({ provider: 'file', source: 'base.yaml' });
const entry = (fields: Partial<Entry> = {}): Entry =>
  makeEntry({ key: 'a.b', value: 'plain', secret: false, origin, ...fields });
const printed = (thing: unknown): string =>
  inspect(thing, { depth: null, showHidden: true }) +
  JSON.stringify(thing) +
  String(thing) +
  JSON.stringify({ thing });

describe('makeEntry', () => {
  it('prints an entry with its key, value and origin', () => {
    expect(String(entry())).toBe('a.b = "plain" (base.yaml)');
    expect(JSON.parse(JSON.stringify(entry()))).toEqual({
      key: 'a.b',
      value: 'plain',
      secret: false,
      origin: 'base.yaml',
    });
    expect(inspect(entry())).toContain("value: 'plain'");
  });

  it('masks a secret entry in every way of printing', () => {
    expect(printed(entry({ value: fake, secret: true }))).not.toContain(fake);
    expect(printed(entry({ value: [fake], secret: true }))).not.toContain(fake);
    expect(printed(entry({ value: `https://u:${fake}@h` }))).not.toContain(fake);
    expect(printed(entry({ value: [{ apiKey: fake }] }))).not.toContain(fake);
    expect(printed([entry({ value: fake, secret: true })])).not.toContain(fake);
    expect(printed(new Map([['x', entry({ value: fake, secret: true })]]))).not.toContain(fake);
    expect(String(entry({ value: fake, secret: true }))).toBe(`a.b = ${MASK} (base.yaml)`);
  });

  it('prints a tree as its size, because its leaves may be secret', () => {
    const tree = entry({ value: { x: fake, y: 1 } });
    expect(printed(tree)).not.toContain(fake);
    expect(String(tree)).toBe('a.b = { 2 keys } (base.yaml)');
  });

  it('masks an entry with a secret leaf, and prints no function', () => {
    const leaf = () => ({ origin, secret: true });
    expect(printed(entry({ value: fake, leaf }))).not.toContain(fake);
    expect(Object.keys(JSON.parse(JSON.stringify(entry({ leaf }))))).not.toContain('leaf');
  });

  it('hides a secret value from console.dir, which ignores custom inspection', () => {
    const leaf = () => ({ origin, secret: true });
    const hidden = [{ secret: true }, { value: [fake], secret: true }, { value: { x: fake } }, { leaf }];
    for (const fields of hidden) {
      const one = entry({ value: fake, ...fields });
      for (const showHidden of [false, true])
        expect(inspect([one], { customInspect: false, depth: null, showHidden })).not.toContain(fake);
    }
    expect(inspect(entry(), { customInspect: false })).toContain("value: 'plain'");
  });

  it('reads, copies, compares and clones a secret entry like a plain object', () => {
    const fields = { key: 'a.b', value: fake, secret: true, text: true, readAt: 5 };
    const one = entry(fields);
    const { value, ...others } = one;
    expect(value).toBe(fake);
    expect(Object.keys(others)).not.toContain('value');
    expect(Object.keys(one)).toEqual(['key', 'value', 'secret', 'origin', 'text', 'readAt']);
    expect({ ...one }).toEqual({ ...fields, origin });
    expect(one).toEqual({ ...fields, origin });
    expect(structuredClone({ ...one, origin: undefined })).toEqual(fields);
    expect(structuredClone(one)).toMatchObject(fields);
    expect(deserialize(serialize(one))).toMatchObject(fields);
    expect(isDeepStrictEqual(one, entry(fields))).toBe(true);
    expect(isDeepStrictEqual(one, entry({ ...fields, value: 'other' }))).toBe(false);
    expect(makeEntry({ ...one, key: 'c' })).toEqual({ ...fields, key: 'c', origin });
    expect(() => Object.assign(one, { value: 'x' })).toThrow(TypeError);
    expect(() => Object.defineProperty(one, 'value', { value: 'x' })).toThrow(TypeError);
  });

  it('writes a bigint value as text in JSON', () => {
    expect(JSON.parse(JSON.stringify(entry({ value: 2n ** 60n })))).toMatchObject({
      value: '1152921504606846976',
    });
    expect(JSON.parse(JSON.stringify(entry({ value: [1, 2n, 'x'] })))).toMatchObject({
      value: [1, '2', 'x'],
    });
    expect(String(entry({ value: 5n }))).toBe('a.b = 5 (base.yaml)');
    expect(inspect(entry({ value: 5n }))).toContain('5n');
  });

  it('freezes an entry with plain properties', () => {
    const one = entry({ version: '7', expiresAt: 5 });
    expect(() => Object.assign(one, { value: 'x' })).toThrow(TypeError);
    expect({ ...one }).toEqual({
      key: 'a.b',
      value: 'plain',
      secret: false,
      origin,
      version: '7',
      expiresAt: 5,
    });
  });

  it('distinguishes entries from holes, and trees from lists', () => {
    expect(isUnreadable(entry())).toBe(false);
    expect(isUnreadable({ key: 'a', origin, error: new ConfigError('disabled', 'x') })).toBe(true);
    expect([{}, { a: 1 }].map(isTree)).toEqual([true, true]);
    expect([null, [], 'x', 1, undefined].map(isTree)).toEqual([false, false, false, false, false]);
  });
});

describe('makeOrigin', () => {
  it('prints an origin with source, line, column and version', () => {
    const at = () => ({ line: 12, column: 5 });
    expect(String(makeOrigin({ provider: 'f', source: 'base.yaml', position: at }))).toBe('base.yaml:12:5');
    expect(String(makeOrigin({ provider: 'v', source: 'vault secret/acme/db#password', version: '3' }))).toBe(
      'vault secret/acme/db#password v3',
    );
    expect(String(makeOrigin({ provider: 'a', source: 'aws-ssm /x', version: 'AWSPREVIOUS' }))).toBe(
      'aws-ssm /x (version AWSPREVIOUS)',
    );
    expect(inspect(makeOrigin({ provider: 'f', source: 's', position: at }))).toBe('Origin(s:12:5)');
    expect(makeOrigin({ provider: 'f', source: 's', position: at })).toMatchObject({
      provider: 'f',
      source: 's',
      line: 12,
      column: 5,
    });
    expect(JSON.parse(JSON.stringify(makeOrigin({ provider: 'f', source: 's', position: at })))).toEqual({
      provider: 'f',
      source: 's',
      line: 12,
      column: 5,
    });
  });

  it('masks the password of a URL in the source of an origin', () => {
    const one = makeOrigin({ provider: 'http', source: `https://user:${fake}@host/app.json` });
    expect(
      inspect(one, { customInspect: false, showHidden: true }) + JSON.stringify(one) + one.source,
    ).not.toContain(fake);
    expect(String(one)).toBe(`https://user:${MASK}@host/app.json`);
  });

  it('computes the position of an origin once, on first use', () => {
    let asked = 0;
    const lazily = makeOrigin({ provider: 'f', source: 's', position: () => ({ line: ++asked, column: 1 }) });
    expect(asked).toBe(0);
    expect([lazily.line, lazily.column, String(lazily)]).toEqual([1, 1, 's:1:1']);
    expect(asked).toBe(1);
  });

  it('freezes an origin, which may lack a position', () => {
    const none = makeOrigin({ provider: 'f', source: 's', position: () => undefined });
    expect([none.line, none.column, String(none)]).toEqual([undefined, undefined, 's']);
    expect(() => Object.assign(none, { source: 'x' })).toThrow(TypeError);
  });
});

describe('secret()', () => {
  it('secret() hides its value in every way of printing', () => {
    const marked = secret(fake);
    expect(printed(marked)).not.toContain(fake);
    expect(`${marked}`).toBe(MASK);
    expect(JSON.stringify({ marked })).toBe(`{"marked":"${MASK}"}`);
    expect(inspect({ marked })).toContain(MASK);
    expect(inspect(marked, { customInspect: false, showHidden: true })).not.toContain(fake);
    expect({ ...marked }).toEqual({});
    expect(Secret.reveal(marked)).toBe(fake);
  });
});
