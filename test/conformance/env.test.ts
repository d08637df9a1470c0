import { writeFile } from 'node:fs/promises';
import { EnvProvider } from 'llm-config-manager';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { screaming, segments } from '../../src/key.ts';

const variable = (key: string): string => ['APP', ...segments(key).map(screaming)].join('__');
const asEnv = (values: object): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [variable(key), value]));

const texts = {
  types: 'variables are text',
  null: 'variables are text',
  spelling: 'variable names do not keep the case and words of a key',
  batch: 'all variables are read at once',
  write: 'the environment is never written',
  versions: 'a variable has no versions',
} as const;

const never = 'an environment cannot fail';

describeProvider({
  name: 'EnvProvider',
  runner,
  make: (values) => {
    const env: Record<string, string | undefined> = asEnv(values);
    return {
      provider: new EnvProvider({ prefix: 'APP', env }),
      change: (key, value) => {
        env[variable(key)] = value as string | undefined;
      },
    };
  },
  without: { ...texts, watch: 'an environment sends no event when it changes', faults: never },
});

describeProvider({
  name: 'EnvProvider with files',
  runner,
  make: async (values) => {
    const box = await sandbox({ files: values as Record<string, string> });
    const env = Object.fromEntries(
      Object.entries(asEnv(values)).map(([name], i) => [
        `${name}_FILE`,
        box.path(Object.keys(values)[i] as string),
      ]),
    );
    return {
      provider: new EnvProvider({ prefix: 'APP', env, fileSuffix: '_FILE' }),
      change: async (key, value) => {
        env[`${variable(key)}_FILE`] = box.path(key);
        if (value !== undefined) await writeFile(box.path(key), value as string);
        else delete env[`${variable(key)}_FILE`];
      },
      damage: (key) => box.write({ [key]: new Uint8Array([0xff, 0xfe, 0xff]) }),
      dispose: box.dispose,
    };
  },
  without: {
    ...texts,
    notice: 'new variables are only seen after a refresh',
    denied: 'denied access to a file makes a hole',
    unavailable: never,
    throttled: never,
    hang: never,
    garbage: 'an unreadable file makes a hole',
    closing: never,
  },
});
