import { BundleProvider } from 'llm-config-manager';
import { describeProvider, type Sandbox, sandbox, type Values } from 'llm-config-manager/testing';
import { stringify as toml } from 'smol-toml';
import * as runner from 'vitest';
import { stringify as yaml } from 'yaml';
import { nested } from '../support/nested.ts';

const never = 'a file exists or is missing';

/** The default of a reference in place of each text that a reference can hold. */
const referring = (value: unknown): unknown =>
  typeof value === 'string' && !/[${}]/.test(value) && !value.startsWith('-')
    ? `\u0024{none:${value}}`
    : value;
const withReferences = (values: object): string =>
  JSON.stringify(values, (_, value: unknown) => referring(value));

for (const [file, write, without, references] of [
  ['config.json', (values: object) => JSON.stringify(values, null, 2), {}],
  ['references.json', withReferences, {}, true],
  ['config.yaml', (values: object) => yaml(values), {}],
  ['config.toml', (values: object) => `# made for a test\n${toml(values)}`, { null: 'TOML has no null' }],
] as const)
  describeProvider({
    name: `BundleProvider of ${file}`,
    runner,
    make: async (values) => {
      const current: Record<string, Values[string]> = { ...values };
      const save = async (box: Sandbox): Promise<void> => box.replace(file, write(nested(current)));
      const box = await sandbox();
      await save(box);
      return {
        provider: new BundleProvider({ path: box.path(file), ...(references && { references }) }),
        change: async (key, value) => {
          if (value === undefined) delete current[key];
          else current[key] = value;
          await save(box);
        },
        fail: async (fault) => {
          if (fault === undefined) await save(box);
          // the same text with an unclosed bracket
          else if (fault === 'garbage') await box.replace(file, `${write(nested(current))}\n"other": [ {`);
          else await box.write({ [file]: undefined });
        },
        dispose: box.dispose,
      };
    },
    without: {
      ...without,
      batch: 'a file is read as a whole',
      write: 'a configuration file belongs to its author',
      versions: 'a file has no versions',
      unavailable: never,
      throttled: never,
      hang: never,
      closing: never,
      damage: 'a file is readable as a whole or not at all',
    },
  });

describeProvider({
  name: 'BundleProvider of conf.d/*.json',
  runner,
  make: async (values) => {
    const box = await sandbox();
    const current: Record<string, Values[string]> = { ...values };
    const files = ['10-first.json', '20-second.json'];
    /** Keys of one section are in both files. */
    const partOf = (number: number): object =>
      nested(Object.fromEntries(Object.entries(current).filter((_, at) => at % 2 === number)));
    const save = async (): Promise<void> => {
      for (const [number, file] of files.entries())
        await box.replace(`conf.d/${file}`, JSON.stringify(partOf(number), null, 2));
    };
    await save();
    return {
      provider: new BundleProvider(box.path('conf.d/*.json')),
      change: async (key, value) => {
        if (value === undefined) delete current[key];
        else current[key] = value;
        await save();
      },
      fail: async (fault) => {
        if (fault === undefined) await save();
        else if (fault === 'garbage')
          await box.replace(`conf.d/${files[0]}`, `${JSON.stringify(current)}\n"other": [ {`);
        else await box.write(Object.fromEntries(files.map((file) => [`conf.d/${file}`, undefined])));
      },
      dispose: box.dispose,
    };
  },
  without: {
    batch: 'files are read as a whole',
    write: 'configuration files belong to their author',
    versions: 'a file has no versions',
    unavailable: never,
    throttled: never,
    hang: never,
    closing: never,
    damage: 'a file is readable as a whole or not at all',
  },
});
