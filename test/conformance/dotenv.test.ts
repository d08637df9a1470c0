import { DotEnvProvider } from 'llm-config-manager';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { screaming, segments } from '../../src/key.ts';

const never = 'a file is there or it is not';

describeProvider({
  name: 'DotEnvProvider',
  runner,
  make: async (values) => {
    const box = await sandbox();
    const held = { ...values } as Record<string, string>;
    const line = ([key, value]: [string, string]): string =>
      `${segments(key).map(screaming).join('__')}=\`${value}\``;
    const text = (): string => Object.entries(held).map(line).join('\n');
    await box.replace('.env', text());
    return {
      provider: new DotEnvProvider({ directory: box.directory, environment: 'test' }),
      change: async (key, value) => {
        if (value === undefined) delete held[key];
        else held[key] = value as string;
        await box.replace('.env', text());
      },
      fail: (fault) =>
        box.replace('.env', fault === undefined ? text() : `${text()}\nthis is no line of such a file`),
      dispose: box.dispose,
    };
  },
  without: {
    types: 'variables are texts',
    null: 'variables are texts',
    spelling: 'a variable has neither case nor words of its own',
    batch: 'all files are read at once',
    write: 'these files belong to their author',
    denied: never,
    unavailable: never,
    throttled: never,
    hang: never,
    closing: never,
    damage: 'a file is readable as a whole, or not at all',
  },
});
