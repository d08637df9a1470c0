import { describe, expect, it } from 'vitest';
import { isUnreadable } from '../../src/entry.ts';
import { gatherLists } from '../../src/merge/bind.ts';
import { mergers } from '../support/drivers.ts';
import { entry, hole, layer, variable } from '../support/layers.ts';

describe.each(mergers)('bind, %s', (_, merge) => {
  it.each(['poolMax', 'pool_max', 'pool-max', 'POOLMAX'])(
    'binds a loose name to %s by its letters',
    async (name) => {
      const file = layer('file', entry('file', '', { database: { [name]: 5 } }));
      expect((await merge([layer('env', variable('DATABASE__POOL_MAX', '9')), file])).tree()).toEqual({
        database: { [name]: '9' },
      });
      expect((await merge([layer('env', variable('DATABASE__POOLMAX', '9')), file])).tree()).toEqual({
        database: { [name]: '9' },
      });
    },
  );

  it('binds a loose name to a wanted key that has no other value', async () => {
    const merged = await merge([layer('env', variable('LLM__API_KEY', 'x'))], {
      keys: ['llm.api_key'],
      prefixes: [],
    });
    expect(merged.tree()).toEqual({ llm: { api_key: 'x' } });
  });

  it('makes an unknown name camelCase below the deepest known section', async () => {
    const merged = await merge([
      layer('env', variable('MY_APP__POOL_MAX', '1')),
      layer('file', entry('file', '', { my_app: { other: 1 } })),
    ]);
    expect(merged.tree()).toEqual({ my_app: { poolMax: '1', other: 1 } });
  });

  it('binds below a wanted prefix, in its spelling', async () => {
    const merged = await merge([layer('env', variable('LLM_GATEWAY__URL', 'x'))], {
      keys: [],
      prefixes: ['llm_gateway'],
    });
    expect(merged.tree('llm_gateway')).toEqual({ url: 'x' });
  });

  it('binds a loose name to every key with the same letters', async () => {
    const merged = await merge([
      layer('env', variable('API_KEY', 'x')),
      layer('file', entry('file', '', { apiKey: 1, api_key: 2 })),
    ]);
    expect(merged.tree()).toEqual({ apiKey: 'x', api_key: 'x' });
  });

  it('binds loose names of two layers to one key', async () => {
    const merged = await merge([
      layer('env', variable('POOL_MAX', '1')),
      layer('dotenv', variable('POOLMAX', '2')),
    ]);
    expect(merged.tree()).toEqual({ poolMax: '1' });
  });

  it('reports two loose names of one layer as a conflict if they differ', async () => {
    const twice = [variable('HTTP_PROXY', 'a', 'known'), variable('http_proxy', 'b', 'known')];
    expect((await merge([layer('env', ...twice)])).tree()).toEqual({});
    const bound = await merge([layer('env', ...twice)], { keys: ['httpProxy'], prefixes: [] });
    expect(bound.holes.get('httpProxy')?.error.message).toContain(
      '"httpProxy" has different values in env HTTP_PROXY and env http_proxy',
    );
    const same = [variable('HTTP_PROXY', 'a', 'known'), variable('http_proxy', 'a', 'known')];
    expect((await merge([layer('env', ...same)], { keys: ['httpProxy'], prefixes: [] })).tree()).toEqual({
      httpProxy: 'a',
    });
  });

  it('binds a known-only name to leaves only', async () => {
    const home = [variable('HOME', '/root', 'known'), variable('PATH', '/bin', 'known')];
    expect((await merge([layer('env', ...home)], { keys: [], prefixes: [''] })).tree()).toEqual({});
    expect(
      (await merge([layer('env', ...home), layer('file', entry('file', '', { home: { dir: 'x' } }))])).tree(),
    ).toEqual({ home: { dir: 'x' } });
    expect((await merge([layer('env', ...home)], { keys: ['home'], prefixes: [] })).tree()).toEqual({
      home: '/root',
    });
  });

  it('binds a loose hole, which hides lower values', async () => {
    const unreadable = { ...hole('env', 'db.password', 'io'), loose: 'always' as const };
    const merged = await merge([
      layer('env', unreadable),
      layer('file', entry('file', '', { db: { pass_word: 'x' } })),
    ]);
    expect([...merged.holes.keys()]).toEqual(['db.pass_word']);
    expect([...(await merge([layer('env', unreadable)])).holes.keys()]).toEqual(['db.password']);
  });
});

describe('gatherLists', () => {
  const listed = (...names: [string, string][]) =>
    gatherLists(names.map(([name, value]) => variable(name, value)));

  it('makes a list of indices from zero without gaps', () => {
    const [servers] = listed(
      ['SERVERS__1__HOST', 'b'],
      ['SERVERS__0__HOST', 'a'],
      ['SERVERS__0__POOL_MAX', '5'],
    );
    expect(servers).toMatchObject({
      key: 'servers',
      value: [{ host: 'a', poolMax: '5' }, { host: 'b' }],
      loose: 'always',
      text: true,
    });
  });

  it('makes nested lists', () => {
    const [matrix] = listed(['M__0__0', 'a'], ['M__0__1', 'b'], ['M__1__0', 'c']);
    expect(matrix).toMatchObject({ key: 'm', value: [['a', 'b'], ['c']] });
  });

  it.each([
    [
      'gaps',
      [
        ['S__0', 'a'],
        ['S__2', 'b'],
      ],
      /gaps/,
    ],
    [
      'an item that is both a value and a section',
      [
        ['S__0', 'a'],
        ['S__0__X', 'b'],
      ],
      /both a value and a section/,
    ],
    [
      'names beside indices',
      [
        ['S__0__X__0', 'a'],
        ['S__0__X__Y', 'b'],
      ],
      /mixed with names/,
    ],
    [
      'two values for one item',
      [
        ['S__0', 'a'],
        ['S__00', 'b'],
      ],
      /two different values/,
    ],
  ])('makes a hole of a list with %s, naming the variables', (_, names, message) => {
    const [item] = listed(...(names as [string, string][]));
    expect(item && isUnreadable(item) ? item.error.message : item).toMatch(message);
    expect(item && isUnreadable(item) ? item.error.message : item).toContain(`env ${names[0]?.[0]}`);
  });

  it('makes the hole of an item the hole of the list', () => {
    const [item] = gatherLists([variable('S__0', 'a'), { ...hole('env', 's.1', 'io'), loose: 'always' }]);
    expect(item).toMatchObject({ key: 's', error: { code: 'io' } });
  });

  it('keeps exact keys and leading numbers', () => {
    const items = [entry('file', 'a.0', 1), variable('0__A', 'x')];
    expect(gatherLists(items)).toEqual(items);
  });
});
