import { DotEnvProvider } from 'llm-config-manager';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { VariableNames } from '../../src/local/variable-names.ts';

const nameOf = (key: string): string => new VariableNames('test', {}).namesFor(key, true)[0] as string;
const never = 'a file exists or is missing';

describeProvider({
  name: 'DotEnvProvider',
  runner,
  make: async (values) => {
    const box = await sandbox();
    const current = { ...values } as Record<string, string>;
    const line = ([key, value]: [string, string]): string => `${nameOf(key)}=\`${value}\``;
    const text = (): string => Object.entries(current).map(line).join('\n');
    await box.replace('.env', text());
    return {
      provider: new DotEnvProvider({ directory: box.directory, environment: 'test' }),
      change: async (key, value) => {
        if (value === undefined) delete current[key];
        else current[key] = value as string;
        await box.replace('.env', text());
      },
      fail: (fault) =>
        box.replace('.env', fault === undefined ? text() : `${text()}\nthis is not an assignment`),
      dispose: box.dispose,
    };
  },
  without: {
    types: 'variables are text',
    null: 'variables are text',
    spelling: 'variable names do not keep the case and words of a key',
    batch: 'all files are read at once',
    write: 'these files belong to their author',
    versions: 'a file has no versions',
    denied: never,
    unavailable: never,
    throttled: never,
    hang: never,
    closing: never,
    damage: 'a file is readable as a whole or not at all',
  },
});
