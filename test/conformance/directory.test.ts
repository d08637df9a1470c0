import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import type { ConfigValue } from '../../src/entry.ts';
import { segments } from '../../src/key.ts';
import { DirectoryProvider } from '../../src/providers/directory.ts';

const fileOf = (key: string): string => `mount/${segments(key).join('/')}`;

describeProvider({
  name: 'DirectoryProvider',
  runner,
  make: async (values) => {
    const box = await sandbox({ name: 'directory' });
    const put = (key: string, value: ConfigValue): Promise<void> => box.write({ [fileOf(key)]: `${value}\n` });
    await box.write({ 'mount/.hidden': 'not a key' });
    for (const [key, value] of Object.entries(values)) await put(key, value);
    return {
      provider: new DirectoryProvider(box.path('mount')),
      change: (key, value) => (value === undefined ? box.write({ [fileOf(key)]: undefined }) : box.replace(fileOf(key), `${value}\n`)),
      damage: (key) => box.write({ [fileOf(key)]: new Uint8Array([0xff, 0x00, 0xfe]) }),
      fail: async (fault) => {
        await box.write({ mount: undefined });
        if (fault) await box.write({ mount: 'a file in the place of the folder' });
        else for (const [key, value] of Object.entries(values)) await put(key, value);
      },
      dispose: box.dispose,
    };
  },
  without: {
    types: 'a file holds text',
    null: 'a file holds text',
    batch: 'the folder is read as a whole anyway',
    write: 'mounted files belong to whoever mounts them',
    unavailable: 'a mounted folder is always within reach',
    throttled: 'a disk does not throttle',
    hang: 'a file on a disk answers',
    garbage: 'any text is a value',
    closing: 'there is nothing to close that could fail',
  },
});
