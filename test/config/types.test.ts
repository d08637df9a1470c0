import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type ConfigTree,
  type ConfigValue,
  loadConfig,
  MemoryProvider,
  type PathOf,
  ProviderChain,
  reveal,
  secret,
  type ValueAt,
} from '../../src/index.ts';
import { schemas } from '../support/schemas.ts';

const tree = {
  port: 1,
  database: { host: 'h', password: 'fake' },
  mode: 'production',
  llm: { endpoint: 'https://a.example' },
};
const source = new MemoryProvider(tree);

describe('The types of a config', () => {
  it('are the schema’s output, read-only all the way down, for zod, valibot and arktype', async () => {
    const [a, b, c] = [
      await loadConfig(schemas.zod, source),
      await loadConfig(schemas.valibot, source),
      await loadConfig(schemas.arktype, source),
    ];
    expectTypeOf(a.value.database.poolMax).toEqualTypeOf<number>();
    expectTypeOf(b.value.database.poolMax).toEqualTypeOf<number>();
    expectTypeOf(c.value.database.poolMax).toEqualTypeOf<number>();
    expectTypeOf(a.value.mode).toEqualTypeOf<'production' | 'development'>();
    expectTypeOf(b.value.mode).toEqualTypeOf<'production' | 'development'>();
    expectTypeOf(c.value.mode).toEqualTypeOf<'production' | 'development'>();
    expectTypeOf(a.value.servers).toEqualTypeOf<
      readonly { readonly host: string; readonly port: number }[] | undefined
    >();
    expect(() => {
      // @ts-expect-error a config never changes
      a.value.database.host = 'other';
    }).toThrow(TypeError);
  });

  it('know every path and what stands there', async () => {
    const config = await loadConfig(schemas.zod, source);
    expectTypeOf(config.get('database.poolMax')).toEqualTypeOf<number>();
    expectTypeOf(config.get('llm.apiKey')).toEqualTypeOf<string | undefined>();
    expectTypeOf(config.get('database')).toEqualTypeOf<{
      readonly host: string;
      readonly password: string;
      readonly poolMax: number;
      readonly ssl: boolean;
    }>();
    expectTypeOf(config.at('database').get('ssl')).toEqualTypeOf<boolean>();
    expectTypeOf(config.at('database').value.host).toEqualTypeOf<string>();
    expect(config.get('database.poolMax')).toBe(10);
  });

  it('refuse a wrong path', async () => {
    const config = await loadConfig(schemas.zod, source);
    // @ts-expect-error it is called poolMax
    expect(config.get('database.poolmax')).toBeUndefined();
    // @ts-expect-error there is no such section
    expect(config.at('databse').value).toBeUndefined();
    // @ts-expect-error a section's own paths are relative to it
    expect(config.at('database').get('database.host')).toBeUndefined();
    // @ts-expect-error explain takes paths too
    expect(config.explain('prot').winner).toBeUndefined();
    // @ts-expect-error so does subscribe
    config.subscribe('prot', () => undefined);
    config.subscribe('', () => undefined);
  });

  it('follow optional sections, records, unions, odd names and instances', () => {
    interface Some {
      readonly opt?: { readonly deep: { readonly x: number } };
      readonly rec: Record<string, { readonly y: boolean }>;
      readonly either: { readonly a: 1 } | { readonly b: 2 };
      readonly 'odd.name': { readonly z: Date };
      readonly list: readonly { readonly q: 1 }[];
      readonly instance: { method(): void; readonly field: string };
      readonly map: Map<string, string>;
    }
    expectTypeOf<ValueAt<Some, 'opt.deep.x'>>().toEqualTypeOf<number | undefined>();
    expectTypeOf<ValueAt<Some, 'rec.any'>>().toEqualTypeOf<{ readonly y: boolean } | undefined>();
    expectTypeOf<ValueAt<Some, 'rec.any.y'>>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<ValueAt<Some, 'either.a'>>().toEqualTypeOf<1 | undefined>();
    expectTypeOf<ValueAt<Some, '"odd.name".z'>>().toEqualTypeOf<Date>();
    expectTypeOf<'opt.deep.x' | 'rec.any.y' | 'either.b' | '"odd.name".z' | 'list' | 'instance'>().toExtend<
      PathOf<Some>
    >();
    expectTypeOf<'list.q'>().not.toExtend<PathOf<Some>>();
    expectTypeOf<'instance.field'>().not.toExtend<PathOf<Some>>();
    expectTypeOf<'map.size'>().not.toExtend<PathOf<Some>>();
    expectTypeOf<'odd.name'>().not.toExtend<PathOf<Some>>();
    expect(true).toBe(true);
  });

  it('keep instances as they are, methods and all', async () => {
    class Endpoint {
      readonly #url: string;
      constructor(url: string) {
        this.#url = url;
      }
      host(): string {
        return new URL(this.#url).host;
      }
    }
    const schema = z.object({ endpoint: z.url().transform((url) => new Endpoint(url)) });
    const config = await loadConfig(schema, new MemoryProvider({ endpoint: 'https://a.example' }));
    expectTypeOf(config.value.endpoint).toEqualTypeOf<Endpoint>();
    expect(config.value.endpoint.host()).toBe('a.example');
  });

  it('are those of transformed output, and of recursive schemas', async () => {
    interface Tree {
      readonly name: string;
      readonly inner?: Tree | undefined;
    }
    const recursive: z.ZodType<Tree> = z.object({
      name: z.string(),
      inner: z.lazy(() => recursive).optional(),
    });
    const config = await loadConfig(
      z.object({ tree: recursive, n: z.string().transform(Number) }),
      new MemoryProvider({ tree: { name: 'a' }, n: '5' }),
    );
    expectTypeOf(config.value.n).toEqualTypeOf<number>();
    expect(config.get('tree.name')).toBe('a');
    expect(config.get('tree.inner.inner.name')).toBeUndefined();
  });

  it('are a plain tree without a schema', async () => {
    const config = await loadConfig(new ProviderChain([source]));
    expectTypeOf(config.value).toExtend<ConfigTree>();
    expectTypeOf<ConfigValue>().toExtend<unknown>();
    expect(config.get('any.path.at.all')).toBeUndefined();
  });

  it('of reveal are those of what it reveals', async () => {
    const config = await loadConfig(v.object({ port: v.number() }), source);
    expectTypeOf(reveal(config).port).toEqualTypeOf<number>();
    expectTypeOf(reveal(secret('fake' as string))).toEqualTypeOf<string>();
    expectTypeOf(await new ProviderChain([source]).require('port', type('number'))).toEqualTypeOf<number>();
    expect(reveal(config)).toEqual({ port: 1 });
  });
});
