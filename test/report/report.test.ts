import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { yaml as format } from '../../src/formats/yaml/index.ts';
import {
  BundleProvider,
  type ConfigError,
  EnvProvider,
  MemoryProvider,
  type StandardSchemaV1,
} from '../../src/index.ts';
import { formatReport } from '../../src/report/report.ts';
import { drivers } from '../support/drivers.ts';
import { schemas } from '../support/schemas.ts';

const good = `port: 8080
database:
  host: db.internal
  password: fake-hunter2
mode: production
llm:
  endpoint: https://llm.example.com
`;

interface Fault {
  readonly env?: Readonly<Record<string, string>>;
  readonly yaml?: string;
  readonly unknown?: 'error';
}

const faults: Readonly<Record<string, Fault>> = {
  'a missing key': { yaml: good.replace('  host: db.internal\n', '').replace('mode: production\n', '') },
  'a missing section': { yaml: good.slice(0, good.indexOf('llm:')) },
  'a wrong type in a file': {
    yaml: good.replace('port: 8080', 'port: "8080"').replace('host: db.internal', 'host: 5'),
  },
  'a wrong string in a variable': {
    yaml: good,
    env: {
      APP__PORT: '80800',
      APP__DATABASE__POOL_MAX: 'many',
      APP__DATABASE__SSL: '',
      APP__MODE: 'staging',
      APP__LLM__ENDPOINT: 'llm.example.com',
    },
  },
  'an unknown key': {
    yaml: good
      .replace('poolMax', 'poolMax')
      .replace('  password', '  poolmaks: 5\n  password')
      .replace('llm:\n', 'llm:\n  apikee: fake-secret\n'),
    env: { APP__PROT: '5', HOME: '/nowhere' },
    unknown: 'error',
  },
  'a misspelled key': { yaml: good.replace('  host:', '  hots:'), env: { APP__MODES: 'production' } },
  'a nested list': {
    yaml: `${good}servers:\n  - host: a\n    port: 1\n  - host: 7\n  - port: x\n    host: c\n`,
    env: {},
  },
  'a union': { yaml: `${good}cache:\n  type: memory\n  max: lots\nretries: often\n` },
  'a union without its discriminator': { yaml: `${good}cache:\n  max: 5\n` },
  'a secret': { yaml: good.replace('fake-hunter2', '12345678'), env: { APP__LLM__API_KEY: 'fake' } },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reports-'));
});
afterAll(() => rm(folder, { recursive: true }));

let load: (typeof drivers)[number][1];

async function refused(
  schema: StandardSchemaV1,
  { env = {}, yaml = good, unknown }: Fault,
): Promise<ConfigError> {
  const file = join(folder, 'base.yaml');
  await writeFile(file, yaml);
  const source = [new EnvProvider({ prefix: 'APP', env }), new BundleProvider({ path: file, format })];
  try {
    await load(schema, source, unknown ? { unknown } : {});
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the configuration was accepted');
}

const withoutFolder = (text: string): string => text.replaceAll(`${folder}/`, 'config/');

describe.each(drivers)('report of %s', (_, driver) => {
  beforeAll(() => {
    load = driver;
  });

  it.each(Object.entries(schemas))(
    'the report lists every problem with a schema of %s',
    async (library, schema) => {
      const texts: string[] = [];
      for (const [name, fault] of Object.entries(faults)) {
        const error = await refused(schema as StandardSchemaV1, fault);
        expect(error.code).toBe('validation');
        expect(error.message).not.toMatch(/fake-|12345678/);
        texts.push(`### ${name}\n\n${withoutFolder(error.message)}\n`);
      }
      await expect(texts.join('\n\n')).toMatchFileSnapshot(`./reports/${library}.txt`);
    },
  );

  it.each(Object.entries(schemas))('a valid configuration loads with a schema of %s', async (_, schema) => {
    const file = join(folder, 'good.yaml');
    await writeFile(file, good);
    const env = { APP__PORT: '9090', APP__TAGS: 'a, b', APP__DATABASE__SSL: 'false', APP__RETRIES: '3' };
    const config = await load(schema as typeof schemas.zod, [
      new EnvProvider({ prefix: 'APP', env }),
      new BundleProvider({ path: file, format }),
    ]);
    expect(config.value).toEqual({
      port: 9090,
      database: { host: 'db.internal', password: 'fake-hunter2', poolMax: 10, ssl: false },
      mode: 'production',
      llm: { endpoint: 'https://llm.example.com' },
      tags: ['a', 'b'],
      retries: 3,
    });
  });

  it('the error holds the report as data', async () => {
    const error = await refused(schemas.zod, { env: { APP__PORT: 'x' } });
    expect(error.problems).toEqual([
      {
        kind: 'wrong',
        key: 'port',
        message: 'expected a whole number from 1 to 65535, found "x"',
        expected: 'a whole number from 1 to 65535',
        found: '"x"',
        origin: 'env APP__PORT',
        hint: 'Set APP__PORT to a whole number from 1 to 65535',
      },
    ]);
  });

  it('a problem without a key is headed "the whole configuration"', async () => {
    const never = z
      .object({ a: z.number(), b: z.number() })
      .refine(({ a, b }) => a < b, { message: 'a must be below b' });
    const error = await load(never, new MemoryProvider({ a: 2, b: 1 })).catch(
      (caught: ConfigError) => caught,
    );
    expect((error as ConfigError).message).toContain(
      '(the whole configuration)\n    problem   a must be below b',
    );
  });

  it('the report escapes what would move the cursor or reverse a line', () => {
    const key = 'a"\u009b2J"';
    const text = formatReport([{ kind: 'unknown', key, message: 'm', origin: 'base\u202e.yaml:1:1' }]);
    expect(text).toContain('  a"\\u009b2J"\n');
    expect(text).toContain('base\\u202e.yaml:1:1');
  });

  it('a text of several lines stays in its column', () => {
    const text = formatReport([{ kind: 'unreadable', key: 'a', message: 'one\ntwo' }]);
    expect(text).toBe(
      'There is 1 problem with the configuration:\n\n  a\n    problem   one\n              two',
    );
  });
});
