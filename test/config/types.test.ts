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

describe('types of a config', () => {
  it('the value has the schema’s output type, deeply read-only', async () => {
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
      // @ts-expect-error the value is read-only
      a.value.database.host = 'other';
    }).toThrow(TypeError);
  });

  it('get accepts every path, and has its type', async () => {
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

  it('a wrong path is a type error', async () => {
    const config = await loadConfig(schemas.zod, source);
    // @ts-expect-error the key is poolMax
    expect(() => config.get('database.poolmax')).toThrow(/Did you mean "database\.poolMax"\?/);
    // @ts-expect-error the section is database
    expect(() => config.at('databse').value).toThrow(/Did you mean "database"\?/);
    // @ts-expect-error paths of a view are relative to its section
    expect(() => config.at('database').get('database.host')).toThrow(/nothing is named "database"/);
    // @ts-expect-error explain checks its path
    expect(config.explain('prot').winner).toBeUndefined();
    // @ts-expect-error subscribe checks its path
    config.subscribe('prot', () => undefined);
    config.subscribe('', () => undefined);
  });

  it('paths follow optional sections, records, unions, quoted names and instances', () => {
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

  it('instances keep their type and their methods', async () => {
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

  it('types follow transforms and recursive schemas', async () => {
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

  it('a config without a schema is typed as a tree', async () => {
    const config = await loadConfig(new ProviderChain([source]));
    expectTypeOf(config.value).toExtend<ConfigTree>();
    expectTypeOf<ConfigValue>().toExtend<unknown>();
    expect(config.get('any.path.at.all')).toBeUndefined();
  });

  it('reveal returns the type of its argument', async () => {
    const config = await loadConfig(v.object({ port: v.number() }), source);
    expectTypeOf(reveal(config).port).toEqualTypeOf<number>();
    expectTypeOf(reveal(secret('fake' as string))).toEqualTypeOf<string>();
    expectTypeOf(await new ProviderChain([source]).require('port', type('number'))).toEqualTypeOf<number>();
    expect(reveal(config)).toEqual({ port: 1 });
  });

  it('reveal of a section is a copy that may be changed, also for the compiler', async () => {
    interface Options {
      clientId: string;
      brokers: string[];
      ssl?: { ca: string[]; at: [number, string] } | undefined;
    }
    const fields = { clientId: z.string(), brokers: z.array(z.string()), until: z.coerce.date() };
    const ssl = z.object({ ca: z.array(z.string()), at: z.tuple([z.number(), z.string()]) }).optional();
    const kafka = { clientId: 'a', brokers: ['b'], until: '2030-01-01', ssl: { ca: ['c'], at: [1, 'd'] } };
    const schema = z.object({ kafka: z.object({ ...fields, ssl }) });
    await using config = await loadConfig(schema, new MemoryProvider({ kafka } as never));
    const section = config.value.kafka;
    // @ts-expect-error: the type of a section is readonly
    const refused: Options = section;
    const copy = reveal(section);
    const options: Options = copy;
    expectTypeOf(copy.brokers).toEqualTypeOf<string[]>();
    expectTypeOf(copy.until).toEqualTypeOf<Date>();
    expectTypeOf(copy.ssl).toEqualTypeOf<{ ca: string[]; at: [number, string] } | undefined>();
    options.brokers.push('e');
    Object.assign(options, { cb: () => undefined });
    expect(copy).toMatchObject({ brokers: ['b', 'e'], cb: expect.any(Function) });
    expect([refused.brokers, config.value.kafka.brokers]).toEqual([['b'], ['b']]);
    expectTypeOf(reveal(5 as unknown)).toEqualTypeOf<unknown>();
    // biome-ignore lint/suspicious/noExplicitAny: JavaScript users have it
    expectTypeOf(reveal(5 as any)).toBeAny();
    expectTypeOf(reveal({} as ConfigTree)).toEqualTypeOf<{ [name: string]: ConfigValue }>();
    expectTypeOf(reveal([] as readonly ConfigValue[])).toEqualTypeOf<ConfigValue[]>();
  });
});
