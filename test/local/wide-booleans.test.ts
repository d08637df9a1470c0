import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type ConfigError,
  DotEnvProvider,
  EnvProvider,
  loadConfig,
  ProviderChain,
  type StandardSchemaV1,
} from '../../src/index.ts';
import { readings } from '../../src/schema/readings.ts';
import { shapeOf } from '../../src/schema/shape-of.ts';
import { folder } from '../support/folder.ts';

const wide = (value: string) => new EnvProvider({ prefix: 'APP', env: { APP__X: value }, booleans: 'wide' });
const read = async (schema: StandardSchemaV1, value: string): Promise<unknown> =>
  ((await loadConfig(schema, wide(value))).value as { x: unknown }).x;
const hints = async (value: string, options = {}): Promise<string | undefined> => {
  const env = new EnvProvider({ prefix: 'APP', env: { APP__X: value }, ...options });
  const error = await loadConfig(z.object({ x: z.boolean() }), env).then(
    () => expect.unreachable('it was accepted'),
    (reason: ConfigError) => reason,
  );
  return error.problems?.[0]?.hint;
};

const yes = ['1', 'yes', 'on', 'true', 'YES', 'On', 'TRUE', 'True', ' yes '];
const no = ['0', 'no', 'off', 'false', 'NO', 'Off', 'FALSE'];
const all = [...yes.map((text) => [text, true] as const), ...no.map((text) => [text, false] as const)];

describe('booleans: wide', () => {
  it.each([
    ['zod', z.object({ x: z.boolean() })],
    ['zod coerce', z.object({ x: z.coerce.boolean() })],
    ['valibot', v.object({ x: v.boolean() })],
    ['arktype', type({ x: 'boolean' })],
  ] as [string, StandardSchemaV1][])('reads the usual words where %s wants a boolean', async (_, schema) => {
    for (const [text, value] of all) expect(await read(schema, text), text).toBe(value);
  });

  it.each([
    [z.string(), 'yes', 'yes'],
    [z.union([z.boolean(), z.string()]), 'yes', 'yes'],
    [z.number(), '1', 1],
    [z.union([z.boolean(), z.number()]), '1', 1],
    [z.union([z.boolean(), z.number()]), 'on', true],
    [z.array(z.boolean()), 'yes, 0,true', [true, false, true]],
    [z.any(), 'yes', 'yes'],
  ])('for %o, %j is %j', async (schema, text, value) => {
    expect(await read(z.object({ x: schema }), text)).toEqual(value);
  });

  it.each(['', 'y', 'enabled', '2', 'yess', '-1', '01', 'yes\nno'])('refuses %j', async (text) => {
    await expect(read(z.object({ x: z.boolean() }), text)).rejects.toMatchObject({ code: 'validation' });
  });

  it('is for items of numbered lists, mapped variables, require and .env files, too', async () => {
    await using box = await folder({ '.env': 'APP__FLAGS__0=on\nAPP__FLAGS__1=off\nFLAG=YES\n' });
    const dotenv = new DotEnvProvider({
      prefix: 'APP',
      directory: box.path,
      booleans: 'wide',
      variables: { flag: 'FLAG' },
    });
    const config = await loadConfig(z.object({ flags: z.array(z.boolean()), flag: z.boolean() }), dotenv);
    expect(config.value).toEqual({ flags: [true, false], flag: true });
    expect(await new ProviderChain([dotenv]).require('flag', z.boolean())).toBe(true);
  });
});

describe('a boolean that is refused', () => {
  it('names the option, unless it is set or would not help', async () => {
    expect(await hints('yes')).toBe("Set APP__X to true or false, or set the option booleans: 'wide'");
    expect(await hints('TRUE')).toContain("booleans: 'wide'");
    expect(await hints('maybe')).toBe('Set APP__X to true or false');
    expect(await hints('maybe', { booleans: 'wide' })).toBe('Set APP__X to true or false');
  });

  it('has no other reading by default', () => {
    const shape = shapeOf(z.boolean());
    expect(readings('yes', shape)).toEqual(['yes']);
    expect(readings('yes', shape, true)).toEqual([true]);
  });
});
