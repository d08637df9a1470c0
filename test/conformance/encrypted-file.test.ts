import { readFile, writeFile } from 'node:fs/promises';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/provider.ts';

const key = Buffer.alloc(32, 1);

for (const extension of ['yaml', 'toml'])
  describeProvider({
    name: `EncryptedFileProvider over ${extension}`,
    runner,
    async make(values) {
      const box = await sandbox();
      const options = { path: box.path(`secrets.${extension}.jwe`), keys: () => key };
      const writer = new EncryptedFileProvider(options);
      await writer.edit(() => (extension === 'toml' ? '# empty\n' : '{}\n'));
      for (const [name, value] of Object.entries(values)) await writer.set(name, value);
      const whole = await readFile(options.path);
      return {
        provider: new EncryptedFileProvider(options),
        change: async (name, value) => void (await (value === undefined ? writer.delete(name) : writer.set(name, value))),
        fail: async (fault) => writeFile(options.path, fault === 'garbage' ? whole.subarray(0, whole.length / 2) : whole),
        dispose: () => box.dispose(),
      };
    },
    without: {
      batch: 'one file holds all the keys',
      ...(extension === 'toml' && { null: 'TOML has no null' }),
      denied: 'whoever may read the file and has a key is not denied',
      unavailable: 'a file is not reached over a network',
      throttled: 'a file system does not throttle',
      hang: 'a file that hangs hangs the process that reads it',
      closing: 'nothing is open between two reads',
      damage: 'the file is authenticated as a whole',
    },
  });
