import { describe, expect, it } from 'vitest';
import { merge } from '../../src/merge/merge.ts';
import { entry, hole, layer, variable } from '../support/layers.ts';

const values = (merged: ReturnType<typeof merge>) =>
  Object.fromEntries([...merged.leaves].map(([key, leaf]) => [key, leaf.value]));

describe('merging exact sources', () => {
  it('lets the first layer win, key by key', () => {
    const merged = merge([
      layer('a', entry('a', '', { db: { host: 'one' } })),
      layer('b', entry('b', '', { db: { host: 'two', port: 5 } })),
    ]);
    expect(merged.tree()).toEqual({ db: { host: 'one', port: 5 } });
    expect(merged.leaves.get('db.host')).toMatchObject({ layer: 0, layerName: 'a', value: 'one' });
    expect(`${merged.leaves.get('db.port')?.origin}`).toBe('b (all)');
  });

  it('replaces lists and scalars whole', () => {
    const merged = merge([
      layer('a', entry('a', 'hosts', ['x'])),
      layer('b', entry('b', 'hosts', ['y', 'z'])),
    ]);
    expect(merged.tree()).toEqual({ hosts: ['x'] });
  });

  it.each([null, '', 0, false])('takes %j for a value that wins', (value) => {
    const merged = merge([layer('a', entry('a', 'x', value)), layer('b', entry('b', 'x', 'other'))]);
    expect(merged.leaves.get('x')?.value).toBe(value);
  });

  it('makes a conflict of a value against a section, naming both origins', () => {
    const merged = merge([layer('a', entry('a', 'db', 'text')), layer('b', entry('b', 'db.host', 'two'))]);
    expect(merged.leaves.size).toBe(0);
    expect(merged.holes.get('db')?.error).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/a db .*b db\.host/),
    });
    expect(() => merged.tree()).toThrow(/a value in one of/);
  });

  it('takes null against a section for a conflict too', () => {
    const merged = merge([
      layer('a', entry('a', 'db', null)),
      layer('b', entry('b', '', { db: { host: 'x' } })),
    ]);
    expect(merged.holes.get('db')?.error.code).toBe('conflict');
  });

  it('keeps a conflict a conflict whatever comes below it', () => {
    const merged = merge([
      layer('a', entry('a', 'db', 1)),
      layer('b', entry('b', 'db.host', 2)),
      layer('c', entry('c', 'db', 3), hole('c', 'db')),
    ]);
    expect([...merged.holes.keys()]).toEqual(['db']);
    expect(merged.leaves.size).toBe(0);
  });

  it('lets two places of one layer agree, and calls it a conflict when they differ', () => {
    expect(merge([layer('a', entry('a', 'x', [1]), entry('a', '', { x: [1] }))]).tree()).toEqual({ x: [1] });
    const merged = merge([layer('a', entry('a', 'x', 1), entry('a', '', { x: 2 }))]);
    expect(merged.holes.get('x')?.error.message).toContain('both give "x", and differ');
  });

  it('quotes odd segments, so that a dot inside a name never splits', () => {
    const merged = merge([layer('a', entry('a', '', { ingress: { 'api.example.com': 1 } }))]);
    expect([...merged.leaves.keys()]).toEqual(['ingress."api.example.com"']);
    expect(merged.tree('ingress')).toEqual({ 'api.example.com': 1 });
  });

  it('keeps an empty section, which is no value', () => {
    const merged = merge([layer('a', entry('a', '', { empty: {} }))]);
    expect(merged.tree()).toEqual({ empty: {} });
    expect(merged.leaves.size).toBe(0);
  });

  it('refuses names that could reach a prototype', () => {
    const tree = JSON.parse('{"a": {"__proto__": {"polluted": 1}}}');
    expect(() => merge([layer('a', entry('a', '', tree))]).tree()).toThrow(/prototype/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('makes a hole of a single value where a whole section belongs', () => {
    const merged = merge([layer('a', entry('a', 'x', 1)), layer('b', entry('b', '', 'just text'))]);
    expect(() => merged.tree()).toThrow(/single value/);
  });
});

describe('holes', () => {
  it('stand in their place, and nothing of lower priority shines through', () => {
    const merged = merge([
      layer('vault', hole('vault', 'db')),
      layer('file', entry('file', '', { db: { host: 'x' }, port: 1 })),
    ]);
    expect(values(merged)).toEqual({ port: 1 });
    expect(merged.holes.get('db')?.error.code).toBe('disabled');
    expect(() => merged.tree('db')).toThrow(/disabled/);
    expect(() => merged.tree('db.pool')).toThrow(/disabled/);
  });

  it('are covered by a value of higher priority, which is then secret', () => {
    const merged = merge([layer('env', entry('env', 'key', 'x')), layer('vault', hole('vault', 'key'))]);
    expect(merged.tree()).toEqual({ key: 'x' });
    expect(merged.leaves.get('key')?.secret).toBe(true);
  });

  it('taint what overrides a part of an unreadable document', () => {
    const merged = merge([
      layer('env', entry('env', 'db.password', 'x'), entry('env', 'port', 1)),
      layer('vault', hole('vault', 'db')),
    ]);
    expect(merged.leaves.get('db.password')?.secret).toBe(true);
    expect(merged.leaves.get('port')?.secret).toBe(false);
  });

  it('give way to a value that the same layer found at another place', () => {
    const merged = merge([layer('store', entry('store', '', { a: 1 }), hole('store', 'a'))]);
    expect(merged.tree()).toEqual({ a: 1 });
  });

  it('below a value are a conflict', () => {
    const merged = merge([layer('a', entry('a', 'db', 1)), layer('b', hole('b', 'db.host'))]);
    expect(merged.holes.get('db')?.error.code).toBe('conflict');
  });

  it('at the root hide everything below them', () => {
    const merged = merge([
      layer('a', entry('a', 'x', 1)),
      layer('b', hole('b', '')),
      layer('c', entry('c', 'y', 2), hole('c', 'z')),
    ]);
    expect(values(merged)).toEqual({ x: 1 });
    expect([...merged.holes.keys()]).toEqual(['']);
    expect(() => merged.tree('y')).toThrow(/disabled/);
  });

  it('hide what is missing above a section that only a higher layer has', () => {
    const merged = merge([layer('a', entry('a', 'db.pool.max', 1)), layer('b', hole('b', 'db'))]);
    expect(() => merged.tree('db.pool')).toThrow(/disabled/);
    expect(() => merged.tree('db.other')).toThrow(/disabled/);
  });
});

describe('reading a merge', () => {
  const merged = merge([layer('a', entry('a', '', { db: { host: 'x' } }))]);

  it('answers undefined for a section nobody has', () => {
    expect(merged.tree('nothing')).toBeUndefined();
    expect(merged.tree('db.host.deeper')).toBeUndefined();
  });

  it('refuses to give a value as a section', () => {
    expect(() => merged.tree('db.host')).toThrow(/"db.host" is a value/);
  });

  it('tells every layer’s own answer, highest priority first', () => {
    const both = merge([
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

  it('gives a leaf as an entry of its own, with its own origin and taint', () => {
    const tree = entry(
      'file',
      '',
      { db: { password: 'not-a-real-one' } },
      {
        leaf: (inside) => ({ secret: inside.endsWith('password'), origin: entry('file', inside, 1).origin }),
      },
    );
    const [leaf] = merge([layer('file', tree)]).entries();
    expect(leaf).toMatchObject({ key: 'db.password', value: 'not-a-real-one', secret: true });
    expect(`${leaf?.origin}`).toBe('file db.password');
  });

  it('calls secret what overrides a secret', () => {
    const merged = merge([
      layer('env', variable('DB__USER', 'x')),
      layer('vault', entry('vault', 'db.user', 'y', { secret: true })),
    ]);
    expect(merged.leaves.get('db.user')?.secret).toBe(true);
  });
});
