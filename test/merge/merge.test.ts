import { describe, expect, it } from 'vitest';
import type { Merged } from '../../src/merge/merged.ts';
import { mergers } from '../support/drivers.ts';
import { entry, hole, layer, variable } from '../support/layers.ts';

const values = (merged: Merged) =>
  Object.fromEntries([...merged.leaves].map(([key, leaf]) => [key, leaf.value]));

describe.each(mergers)('%s', (_, merge) => {
  it('lets the first layer win, key by key', async () => {
    const merged = await merge([
      layer('a', entry('a', '', { db: { host: 'one' } })),
      layer('b', entry('b', '', { db: { host: 'two', port: 5 } })),
    ]);
    expect(merged.tree()).toEqual({ db: { host: 'one', port: 5 } });
    expect(merged.leaves.get('db.host')).toMatchObject({ layer: 0, layerName: 'a', value: 'one' });
    expect(`${merged.leaves.get('db.port')?.origin}`).toBe('b (all)');
  });

  it('a section may have the name of a method of all objects', async () => {
    const merged = await merge([
      layer('a', entry('a', '', { toString: { inner: 'x' }, valueOf: { at: 'y' } })),
    ]);
    const { toString: own, valueOf: other } = merged.printable() as Record<string, unknown>;
    expect([own, other]).toEqual([{ inner: 'x' }, { at: 'y' }]);
    expect(Object.hasOwn(Object.prototype.toString, 'inner')).toBe(false);
    expect(merged.printable('toString')).toEqual({ inner: 'x' });
  });

  it('replaces lists and scalars instead of merging them', async () => {
    const merged = await merge([
      layer('a', entry('a', 'hosts', ['x'])),
      layer('b', entry('b', 'hosts', ['y', 'z'])),
    ]);
    expect(merged.tree()).toEqual({ hosts: ['x'] });
  });

  it.each([null, '', 0, false])('lets the value %j win', async (value) => {
    const merged = await merge([layer('a', entry('a', 'x', value)), layer('b', entry('b', 'x', 'other'))]);
    expect(merged.leaves.get('x')?.value).toBe(value);
  });

  it('reports a value against a section as a conflict of two origins', async () => {
    const merged = await merge([
      layer('a', entry('a', 'db', 'text')),
      layer('b', entry('b', 'db.host', 'two')),
    ]);
    expect(merged.leaves.size).toBe(0);
    expect(merged.holes.get('db')?.error).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/a db and b db\.host/),
    });
    expect(() => merged.tree()).toThrow(/both a value and a section/);
  });

  it('reports null against a section as a conflict', async () => {
    const merged = await merge([
      layer('a', entry('a', 'db', null)),
      layer('b', entry('b', '', { db: { host: 'x' } })),
    ]);
    expect(merged.holes.get('db')?.error.code).toBe('conflict');
  });

  it('keeps a conflict regardless of lower layers', async () => {
    const merged = await merge([
      layer('a', entry('a', 'db', 1)),
      layer('b', entry('b', 'db.host', 2)),
      layer('c', entry('c', 'db', 3), hole('c', 'db')),
    ]);
    expect([...merged.holes.keys()]).toEqual(['db']);
    expect(merged.leaves.size).toBe(0);
  });

  it('reports two different values in one layer as a conflict', async () => {
    expect((await merge([layer('a', entry('a', 'x', [1]), entry('a', '', { x: [1] }))])).tree()).toEqual({
      x: [1],
    });
    const merged = await merge([layer('a', entry('a', 'x', 1), entry('a', '', { x: 2 }))]);
    expect(merged.holes.get('x')?.error.message).toContain('"x" has different values in');
  });

  it('quotes special segments, so that a dot inside a name never splits', async () => {
    const merged = await merge([layer('a', entry('a', '', { ingress: { 'api.example.com': 1 } }))]);
    expect([...merged.leaves.keys()]).toEqual(['ingress."api.example.com"']);
    expect(merged.tree('ingress')).toEqual({ 'api.example.com': 1 });
  });

  it('keeps an empty section, which is not a value', async () => {
    const merged = await merge([layer('a', entry('a', '', { empty: {} }))]);
    expect(merged.tree()).toEqual({ empty: {} });
    expect(merged.leaves.size).toBe(0);
  });

  it('refuses names that could reach a prototype', async () => {
    const tree = JSON.parse('{"a": {"__proto__": {"polluted": 1}}}');
    const read = async () => (await merge([layer('a', entry('a', '', tree))])).tree();
    await expect(read()).rejects.toThrow(/prototype/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('makes a hole of a single value at the root', async () => {
    const merged = await merge([layer('a', entry('a', 'x', 1)), layer('b', entry('b', '', 'just text'))]);
    expect(() => merged.tree()).toThrow(/single value/);
  });
});

describe.each(mergers)('holes, %s', (_, merge) => {
  it('a hole hides every lower value at its place and below', async () => {
    const merged = await merge([
      layer('vault', hole('vault', 'db')),
      layer('file', entry('file', '', { db: { host: 'x' }, port: 1 })),
    ]);
    expect(values(merged)).toEqual({ port: 1 });
    expect(merged.holes.get('db')?.error.code).toBe('disabled');
    expect(() => merged.tree('db')).toThrow(/disabled/);
    expect(() => merged.tree('db.pool')).toThrow(/disabled/);
  });

  it('a hole is overridden by a higher value, which becomes secret', async () => {
    const merged = await merge([
      layer('env', entry('env', 'key', 'x')),
      layer('vault', hole('vault', 'key')),
    ]);
    expect(merged.tree()).toEqual({ key: 'x' });
    expect(merged.leaves.get('key')?.secret).toBe(true);
  });

  it('a hole makes a higher value below it secret', async () => {
    const merged = await merge([
      layer('env', entry('env', 'db.password', 'x'), entry('env', 'port', 1)),
      layer('vault', hole('vault', 'db')),
    ]);
    expect(merged.leaves.get('db.password')?.secret).toBe(true);
    expect(merged.leaves.get('port')?.secret).toBe(false);
  });

  it('a hole yields to a value of the same layer', async () => {
    const merged = await merge([layer('store', entry('store', '', { a: 1 }), hole('store', 'a'))]);
    expect(merged.tree()).toEqual({ a: 1 });
  });

  it('a hole below a value is a conflict', async () => {
    const merged = await merge([layer('a', entry('a', 'db', 1)), layer('b', hole('b', 'db.host'))]);
    expect(merged.holes.get('db')?.error.code).toBe('conflict');
  });

  it('a hole at the root hides everything below', async () => {
    const merged = await merge([
      layer('a', entry('a', 'x', 1)),
      layer('b', hole('b', '')),
      layer('c', entry('c', 'y', 2), hole('c', 'z')),
    ]);
    expect(values(merged)).toEqual({ x: 1 });
    expect([...merged.holes.keys()]).toEqual(['']);
    expect(() => merged.tree('y')).toThrow(/disabled/);
  });

  it('a hole hides lower values of a section that only a higher layer has', async () => {
    const merged = await merge([layer('a', entry('a', 'db.pool.max', 1)), layer('b', hole('b', 'db'))]);
    expect(() => merged.tree('db.pool')).toThrow(/disabled/);
    expect(() => merged.tree('db.other')).toThrow(/disabled/);
  });
});

describe.each(mergers)('Merged of %s', (_, merge) => {
  const one = () => merge([layer('a', entry('a', '', { db: { host: 'x' } }))]);

  it('tree returns undefined for an absent section', async () => {
    const merged = await one();
    expect(merged.tree('nothing')).toBeUndefined();
    expect(merged.tree('db.host.deeper')).toBeUndefined();
  });

  it('tree refuses a value', async () => {
    const merged = await one();
    expect(() => merged.tree('db.host')).toThrow(/"db.host" is a value/);
  });

  it('candidates returns the value of each layer, highest priority first', async () => {
    const both = await merge([
      layer('env', variable('DB__HOST', 'env')),
      layer('file', entry('file', '', { db: { host: 'file' } })),
      layer('store', hole('store', 'db')),
      layer('other', entry('other', 'db.port', 1)),
    ]);
    expect(
      both.candidates('db.host').map(({ layerName, value, error }) => [layerName, value, error?.code]),
    ).toEqual([
      ['env', 'env', undefined],
      ['file', 'file', undefined],
      ['store', undefined, 'disabled'],
    ]);
    expect(both.candidates('db')).toHaveLength(1);
  });

  it('entries returns one entry per leaf, with its origin and secrecy', async () => {
    const tree = entry(
      'file',
      '',
      { db: { password: 'not-a-real-one' } },
      {
        leaf: (inside) => ({ secret: inside.endsWith('password'), origin: entry('file', inside, 1).origin }),
      },
    );
    const [leaf] = (await merge([layer('file', tree)])).entries();
    expect(leaf).toMatchObject({ key: 'db.password', value: 'not-a-real-one', secret: true });
    expect(`${leaf?.origin}`).toBe('file db.password');
  });

  it('marks a leaf that overrides a secret as secret', async () => {
    const merged = await merge([
      layer('env', variable('DB__USER', 'x')),
      layer('vault', entry('vault', 'db.user', 'y', { secret: true })),
    ]);
    expect(merged.leaves.get('db.user')?.secret).toBe(true);
  });
});
