import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import * as z3 from 'zod/v3';
import {
  bytes,
  type ConfigError,
  describeKeys,
  duration,
  EnvProvider,
  envExample,
  loadConfig,
  MemoryProvider,
  ProviderChain,
  type StandardSchemaV1,
  type UnitOptions,
} from '../../src/index.ts';

const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 50) };

/** What a schema makes of a value; undefined if it refuses it. */
function read(schema: StandardSchemaV1<string, number>, value: unknown): number | undefined {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new Error('the schema is asynchronous');
  return result.issues ? undefined : result.value;
}

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** A duration as a person writes it. */
function spelled(ms: number): string {
  let left = ms;
  const parts = Object.entries(units).flatMap(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [`${count}${unit}`] : [];
  });
  return parts.join('') || '0s';
}

describe('duration', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['90m', 5_400_000],
    ['2h30m', 9_000_000],
    ['2h 30m', 9_000_000],
    ['10 s', 10_000],
    ['1d', 86_400_000],
    ['1.5h', 5_400_000],
    ['0.1s', 100],
    ['1.1s', 1_100],
    ['1d2h3m4s5ms', 93_784_005],
  ])('reads %j as %d milliseconds', (text, ms) => {
    expect(read(duration(), text)).toBe(ms);
  });

  it.each([
    '10',
    10,
    '',
    ' ',
    's',
    '10 ',
    '-10s',
    '+1s',
    '10S',
    '10sec',
    '1h1h',
    '30m2h',
    '1y',
    '1e3s',
    '0x10s',
    '.5s',
    '5.s',
    '1,5s',
    '0.1ms',
    'PT10S',
    '10s!',
    '10s\n',
    '99999999999999d',
    '1constructor',
    '1__proto__',
    null,
    undefined,
    true,
    ['10s'],
    {},
  ])('refuses %j', (value) => {
    expect(read(duration(), value)).toBeUndefined();
  });

  it('reads what is written of any number of milliseconds', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 12), (ms) => {
        expect(read(duration(), spelled(ms))).toBe(ms);
      }),
      runs,
    );
  });

  it('returns a whole number or refuses, for any text', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,4} ?[dhms]{1,2}[\d.]{0,3} ?[dhms]{0,2}$/));
    fc.assert(
      fc.property(text, (one) => {
        const value = read(duration(), one);
        if (value !== undefined)
          expect(Number.isSafeInteger(value) && value >= 0 && /[a-z]/.test(one)).toBe(true);
      }),
      runs,
    );
  });

  it('refuses thousands of digits or units in little time', () => {
    const started = performance.now();
    for (const part of ['1', '1s', '1 ', 's', '1.'])
      expect(read(duration(), part.repeat(50_000))).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('bytes', () => {
  it.each([
    ['1B', 1],
    ['64kB', 64_000],
    ['64KB', 64_000],
    ['64KiB', 65_536],
    ['10MB', 10_000_000],
    ['1.5MB', 1_500_000],
    ['10MiB', 10_485_760],
    ['1GB', 1_000_000_000],
    ['1GiB', 1_073_741_824],
    ['2TB', 2_000_000_000_000],
    ['1 TiB', 1_099_511_627_776],
  ])('reads %j as %d bytes', (text, size) => {
    expect(read(bytes(), text)).toBe(size);
  });

  it.each(['10', 10, '10mb', '10Mb', '10M', '1.5B', '-1MB', 'MB', '1MB1GB'])('refuses %j', (value) => {
    expect(read(bytes(), value)).toBeUndefined();
  });

  it('reads any number of any unit', () => {
    const sizes = { B: 1, kB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2, GB: 1e9, GiB: 1024 ** 3 };
    fc.assert(
      fc.property(fc.nat(8_000), fc.constantFrom(...Object.entries(sizes)), (count, [unit, size]) => {
        expect(read(bytes(), `${count}${unit}`)).toBe(count * size);
      }),
      runs,
    );
  });
});

describe('duration and bytes with limits', () => {
  it('min and max are part of the range', () => {
    const schema = duration({ min: '1s', max: '1h' });
    expect(['999ms', '1s', '60m', '3601s'].map((text) => read(schema, text))).toEqual([
      undefined,
      1_000,
      3_600_000,
      undefined,
    ]);
    expect(read(bytes({ max: '1MiB' }), '1024KiB')).toBe(1_048_576);
    expect(read(duration({ max: '0s' }), '1ms')).toBeUndefined();
  });

  it.each([
    [{ min: '10' }, 'duration: the option min must be a duration with a unit, such as 10s or 2h30m'],
    [{ max: 10 }, 'duration: the option max must be a duration with a unit, such as 10s or 2h30m'],
    [{ least: '1s' }, 'duration: unknown option "least". Use one of min, max'],
    ['10s', 'duration: the options must be an object'],
  ])('%j is refused', (options, message) => {
    expect(() => duration(options as UnitOptions)).toThrow(message);
    expect(() => duration.zod(z, options as UnitOptions)).toThrow(message);
    expect(() => duration.valibot(v, options as UnitOptions)).toThrow(message);
  });
});

const failed = (schema: StandardSchemaV1, env: Record<string, string>): Promise<string> =>
  loadConfig(schema, new EnvProvider({ env })).then(
    () => 'valid',
    (error: ConfigError) => error.message,
  );

describe('duration inside an object', () => {
  const schemas = {
    zod: z.object({ timeout: duration.zod(z, { max: '1h' }), size: bytes.zod(z).optional() }),
    valibot: v.object({ timeout: duration.valibot(v, { max: '1h' }), size: v.optional(bytes.valibot(v)) }),
  };

  it.each(Object.entries(schemas))('of %s is read from text', async (_, schema) => {
    const source = new EnvProvider({ env: { TIMEOUT: '1m', SIZE: '1kB' } });
    expect((await loadConfig(schema as StandardSchemaV1, source)).value).toEqual({
      timeout: 60_000,
      size: 1_000,
    });
  });

  it.each(Object.entries(schemas))('of %s is reported with the unit that is missing', async (_, schema) => {
    expect(await failed(schema, { TIMEOUT: '10' })).toContain(
      [
        '    expected  a duration with a unit, such as 10s or 2h30m, at most 1h',
        '    found     "10"',
        '    in        env TIMEOUT',
        '    to do     Set TIMEOUT to a duration with a unit, such as 10s or 2h30m, at most 1h',
      ].join('\n'),
    );
    expect(await failed(schema, { TIMEOUT: '2h' })).toContain('at most 1h\n    found     "2h"');
    expect(await failed(schema, {})).toContain('Set TIMEOUT to a duration with a unit');
    const numbers = new MemoryProvider({ timeout: 10 });
    await expect(loadConfig(schema as StandardSchemaV1, numbers)).rejects.toThrow(
      'expected  a duration with a unit, such as 10s or 2h30m, at most 1h\n    found     10\n',
    );
  });

  it.each(Object.entries(schemas))('of %s is described in words', async (_, schema) => {
    expect(await describeKeys(schema)).toMatchObject({
      complete: true,
      keys: [
        { key: 'timeout', required: true, type: 'a duration with a unit, such as 10s or 2h30m, at most 1h' },
        { key: 'size', required: false, type: 'a size with a unit, such as 10MB or 1GiB' },
      ],
    });
    expect(await envExample(schema)).toContain(
      '# a size with a unit, such as 10MB or 1GiB, optional\n# SIZE=',
    );
  });

  it('has defaults with a unit', async () => {
    const source = new EnvProvider({ env: {} });
    const ofZod = z.object({ timeout: duration.zod(z).prefault('10s'), wait: duration.zod(z).default(5) });
    const ofValibot = v.object({ timeout: v.optional(duration.valibot(v), '10s') });
    expect((await loadConfig(ofZod, source)).value).toEqual({ timeout: 10_000, wait: 5 });
    expect((await loadConfig(ofValibot, source)).value).toEqual({ timeout: 10_000 });
    expect(await envExample(ofZod)).toContain('# TIMEOUT=10s');
    expect(await envExample(ofValibot)).toContain('# TIMEOUT=10s');
  });

  it('works in lists, unions and records, and can be used alone', async () => {
    const schema = z.object({
      waits: z.array(duration.zod(z)),
      retry: z.union([z.literal('never'), duration.zod(z)]),
    });
    const source = new EnvProvider({ env: { WAITS: '1s, 2s', RETRY: '5s' } });
    expect((await loadConfig(schema, source)).value).toEqual({ waits: [1_000, 2_000], retry: 5_000 });
    expect(duration.zod(z).safeParse('10').error?.issues[0]?.message).toBe(
      'Invalid input: expected a duration with a unit, such as 10s or 2h30m',
    );
    expect(v.safeParse(duration.valibot(v), '10').issues?.[0].message).toBe(
      'Invalid input: expected a duration with a unit, such as 10s or 2h30m',
    );
    expect(duration.zod(z).parse('1s')).toBe(1_000);
  });

  it('works in zod 3', async () => {
    const schema = z3.object({ timeout: duration.zod(z3) });
    expectTypeOf<z3.infer<typeof schema>>().toEqualTypeOf<{ timeout: number }>();
    const source = new EnvProvider({ env: { TIMEOUT: '1m' } });
    expect((await loadConfig(schema, source)).value).toEqual({ timeout: 60_000 });
    expect(await failed(schema, { TIMEOUT: '10' })).toContain('expected a duration with a unit');
  });

  it('works in arktype as it is', async () => {
    const schema = type({ timeout: duration() });
    expectTypeOf<typeof schema.infer>().toEqualTypeOf<{ timeout: number }>();
    const source = new EnvProvider({ env: { TIMEOUT: '1m' } });
    expect((await loadConfig(schema, source)).value).toEqual({ timeout: 60_000 });
    expect(await failed(schema, { TIMEOUT: '10' })).toContain('expected a duration with a unit');
  });

  it('validates one key of a chain', async () => {
    const chain = new ProviderChain([new EnvProvider({ env: { TIMEOUT: '1m', WAIT: '5' } })]);
    expect(await chain.require('timeout', duration())).toBe(60_000);
    await expect(chain.require('wait', duration())).rejects.toThrow(
      '"wait" from env WAIT: expected a duration with a unit, such as 10s or 2h30m, found "5"',
    );
  });

  it('has the types of its library', () => {
    expectTypeOf<z.output<typeof schemas.zod>>().toEqualTypeOf<{
      timeout: number;
      size?: number | undefined;
    }>();
    expectTypeOf<z.input<typeof schemas.zod>['timeout']>().toEqualTypeOf<string>();
    expectTypeOf<v.InferOutput<typeof schemas.valibot>>().toEqualTypeOf<{
      timeout: number;
      size?: number | undefined;
    }>();
    expectTypeOf<v.InferInput<typeof schemas.valibot>>().toEqualTypeOf<{
      timeout: string;
      size?: string | undefined;
    }>();
    expectTypeOf<StandardSchemaV1.InferOutput<ReturnType<typeof duration>>>().toEqualTypeOf<number>();
  });

  it('masks the value of a secret key', async () => {
    const schema = z.object({ apiKey: duration.zod(z) });
    expect(await failed(schema, { API_KEY: 'fake-secret-1' })).not.toContain('fake-secret');
  });
});
