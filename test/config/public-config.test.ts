import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type Config,
  loadConfig,
  MemoryProvider,
  type MemoryValues,
  ProviderChain,
  publicConfig,
  type StandardSchemaV1,
  secret,
} from '../../src/index.ts';
import { schemas } from '../support/schemas.ts';

const fake = 'q7Zt-fake-W9xK2m';
const load = <S extends StandardSchemaV1>(schema: S, values: MemoryValues) =>
  loadConfig(schema, new MemoryProvider(values));

/** The message of the refusal. Fails if it quotes a part of the fake secret. */
function refused<T>(config: Config<T>, ...paths: readonly string[]): string {
  try {
    publicConfig(config, paths as never);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe('invalid_option');
    expect(message).not.toMatch(/q7Zt|W9xK2m/);
    return message;
  }
  throw new Error('nothing was refused');
}

describe('publicConfig', () => {
  const Schema = z.object({
    site: z.object({
      title: z.string(),
      url: z.string().optional(),
      sizes: z.array(z.number()).default([1]),
    }),
    flags: z.record(z.string(), z.boolean()).default({}),
    database: z.object({ host: z.string(), password: z.string() }).optional(),
  });
  const values = {
    site: { title: 'A </script>' },
    flags: { beta: true },
    database: { host: 'h', password: fake },
  };

  it('copies sections and leaves to their places, and nothing else', async () => {
    const config = await load(Schema, values);
    expect(publicConfig(config, ['site', 'database.host'])).toEqual({
      site: { title: 'A </script>', sizes: [1] },
      database: { host: 'h' },
    });
    expect(publicConfig(config, ['flags.beta', 'site.title', 'site'])).toEqual({
      flags: { beta: true },
      site: { title: 'A </script>', sizes: [1] },
    });
    expect(publicConfig(config, ['site.url'])).toEqual({});
    expect(publicConfig(config, [])).toEqual({});
  });

  it('returns plain objects, which a caller may change', async () => {
    const config = await load(Schema, values);
    const part = publicConfig(config, ['site']);
    expect(JSON.parse(JSON.stringify(part))).toEqual(part);
    expect(Reflect.ownKeys(part.site)).toEqual(['title', 'sizes']);
    (part.site.sizes as number[]).push(2);
    expect(publicConfig(config, ['site']).site.sizes).toEqual([1]);
  });

  it('follows reloads, and an earlier copy stays as it is', async () => {
    const provider = new MemoryProvider({ a: 1 });
    const config = await loadConfig(z.object({ a: z.number() }), provider);
    const before = publicConfig(config, ['a']);
    await provider.set('a', 2);
    await config.reload();
    expect([before, publicConfig(config, ['a'])]).toEqual([{ a: 1 }, { a: 2 }]);
    await config.rollback();
    expect(publicConfig(config, ['a'])).toEqual({ a: 1 });
  });

  it('has the types of the picked paths', async () => {
    const config = await load(Schema, values);
    expectTypeOf(publicConfig(config, ['site.title', 'database.host'])).toEqualTypeOf<{
      readonly site: { readonly title: string };
      readonly database?: { readonly host: string } | undefined;
    }>();
    expectTypeOf(publicConfig(config, ['site']).site.sizes).toEqualTypeOf<readonly number[]>();
    // @ts-expect-error the schema has no such path
    expect(() => publicConfig(config, ['site.titel'])).toThrow('Did you mean "site.title"?');
    // @ts-expect-error nor this one
    expect(() => publicConfig(config, ['stie'])).toThrow('Did you mean "site"?');
    for (const schema of [
      v.object({ 'a.b': v.object({ c: v.number() }), d: v.string() }),
      type({ 'a.b': { c: 'number' }, d: 'string' }),
    ] as const) {
      const dotted = await loadConfig(schema, new MemoryProvider({ '"a.b".c': 1, d: 'x' }));
      expectTypeOf(publicConfig(dotted, ['"a.b".c'])).toEqualTypeOf<{
        readonly 'a.b': { readonly c: number };
      }>();
      expect(publicConfig(dotted, ['"a.b".c'])).toEqual({ 'a.b': { c: 1 } });
    }
    expect(Object.keys(schemas)).toContain('zod');
  });

  it('refuses what is not a configuration, and paths that are not a list', async () => {
    const config = await load(Schema, values);
    for (const call of [
      () => publicConfig({} as never, []),
      () => publicConfig(null as never, []),
      () => publicConfig(config.value as never, []),
      () => publicConfig(config, 'site' as never),
    ])
      expect(call).toThrow(/publicConfig: expected a configuration/);
    expect(() => publicConfig(config, [7 as never])).toThrow('a key must be a string');
  });
});

describe('publicConfig refuses a secret', () => {
  const any = z.object({ s: z.record(z.string(), z.any()) });

  it('by its name, its shape, its source or a mark of the schema, and names its origin', async () => {
    const byMark = z.object({ s: z.object({ x: z.string().meta({ 'x-secret': true }) }) });
    for (const [schema, values] of [
      [any, { 's.password': fake }],
      [any, { 's.url': `https://u:${fake}@h` }],
      [any, { 's.x': secret(fake) }],
      [any, { 's.list': ['a', `Bearer ${fake}`] }],
      [byMark, { 's.x': fake }],
    ] as const) {
      const config = await load(schema as typeof any, values);
      for (const path of ['s', `s.${Object.keys(config.value.s)[0]}`])
        expect(refused(config, path)).toMatch(/^publicConfig: "s\.\w+(\.\d)?" is secret \(memory s\.\w+\)/);
      expect(refused(config, '')).toContain('is secret');
    }
  });

  it('names every refused key in one error', async () => {
    const config = await load(any, { 's.password': fake, 's.token': fake, 's.ok': 1, 's.big': 5n });
    const message = refused(config, 's');
    expect(message).toContain('3 keys cannot be published');
    for (const key of ['"s.password" is secret', '"s.token" is secret', '"s.big" is a bigint'])
      expect(message).toContain(key);
    expect(message).not.toContain('s.ok');
  });

  it('also one that overrides a secret of a lower source', async () => {
    const chain = new ProviderChain([
      new MemoryProvider({ 's.x': 'plain' }),
      new MemoryProvider({ 's.x': secret(fake) }, { name: 'store' }),
    ]);
    expect(refused(await loadConfig(any, chain), 's')).toContain('"s.x" is secret');
  });

  it('as what a transform made of it, wherever that is', async () => {
    const In = z.object({
      db: z.object({ password: z.string(), host: z.string() }),
      site: z.object({ t: z.string() }),
    });
    for (const make of [
      (pw: string) => pw,
      (pw: string) => `x ${pw} y`,
      (pw: string) => Buffer.from(`u:${pw}`).toString('base64'),
      (pw: string) => Buffer.from(pw).toString('hex'),
      (pw: string) => [...pw].reverse().join(''),
      (pw: string) => [...pw],
      (pw: string) => ({ [pw]: 1 }),
      (pw: string) => ({ at: { [pw]: true } }),
      (pw: string) => new URL(`https://h/${pw}`),
      (pw: string) => pw.length,
    ]) {
      const moved = In.transform(({ db, site }) => ({
        db: { host: db.host },
        site: { ...site, extra: make(db.password) },
      }));
      const config = await load(moved, { db: { password: fake, host: 'h' }, site: { t: 'x' } });
      refused(config, 'site');
      refused(config, '');
      refused(config, 'site.extra');
      expect(publicConfig(config, ['db', 'site.t'])).toEqual({ db: { host: 'h' }, site: { t: 'x' } });
      // at the place of a public value
      const swapped = In.transform(({ db, site }) => ({ site: { t: make(db.password), u: site.t } }));
      const other = await load(swapped, { db: { password: fake, host: 'h' }, site: { t: 'x' } });
      if (typeof make(fake) !== 'number') refused(other, 'site.t');
    }
  });

  it('but not what a transform made of a public value at its key', async () => {
    const Schema = z.object({
      site: z.object({
        title: z.string().trim().toUpperCase(),
        port: z.coerce.number(),
        token: z
          .string()
          .meta({ 'x-secret': false })
          .transform((text) => ({ text }))
          .optional(),
      }),
      password: z.string(),
    });
    const config = await load(Schema, { site: { title: ' a ', port: '80' }, password: fake });
    expect(publicConfig(config, ['site'])).toEqual({ site: { title: 'A', port: 80 } });
  });
});

describe('publicConfig refuses what JSON cannot hold', () => {
  class Point {
    readonly x = 1;
  }
  const circular: { self?: unknown } = {};
  circular.self = circular;
  it.each([
    [new Date(0), 'is a Date'],
    [new Map(), 'is a Map'],
    [new Set(), 'is a Set'],
    [new URL('https://h'), 'is a URL'],
    [new Point(), 'is a Point'],
    [5n, 'is a bigint'],
    [() => 1, 'is a function'],
    [Symbol('x'), 'is a symbol'],
    [Number.NaN, 'is NaN'],
    [Number.POSITIVE_INFINITY, 'is Infinity'],
    [[1, undefined], '"a.1" is undefined in a list'],
    [[[new Date(0)]], '"a.0.0" is a Date'],
    [circular, 'holds itself'],
  ])('%o', async (made, what) => {
    const Schema = z.object({
      a: z
        .string()
        .meta({ 'x-secret': false })
        .transform(() => made),
    });
    const message = refused(await load(Schema, { a: 'x' }), 'a');
    expect(message).toContain(what);
    expect(message).toMatch(/(?:JSON cannot hold|into null)\. [PR]\w+/);
  });

  it('with the origin of no value of a file', async () => {
    const file = new BundleProvider({ path: 'nothing.json', optional: true });
    const config = await loadConfig(z.object({ a: z.date().default(new Date(0)) }), file);
    expect(refused(config, 'a')).toContain('"a" is a Date');
  });
});
