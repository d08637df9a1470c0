import { readFile, writeFile } from 'node:fs/promises';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import { stringify as toml } from 'smol-toml';
import * as runner from 'vitest';
import { stringify as yaml } from 'yaml';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/provider.ts';
import { nested } from '../support/nested.ts';

const key = Buffer.alloc(32, 1);

for (const [extension, write] of [
  ['yaml', (values: object) => yaml(values)],
  ['toml', (values: object) => `# made for a test\n${toml(values)}`],
] as const)
  describeProvider({
    name: `EncryptedFileProvider over ${extension}`,
    runner,
    patienceMs: 20_000, // a write ends only when it is on disk
    async make(values) {
      const box = await sandbox();
      const options = { path: box.path(`secrets.${extension}.jwe`), keys: () => key };
      const writer = new EncryptedFileProvider(options);
      await writer.edit(() => write(nested(values)));
      const whole = await readFile(options.path);
      return {
        provider: new EncryptedFileProvider(options),
        change: async (name, value) =>
          void (await (value === undefined ? writer.delete(name) : writer.set(name, value))),
        fail: async (fault) =>
          writeFile(options.path, fault === 'garbage' ? whole.subarray(0, whole.length / 2) : whole),
        dispose: () => box.dispose(),
      };
    },
    without: {
      batch: 'one file holds all the keys',
      versions: 'a file has no versions',
      ...(extension === 'toml' && { null: 'TOML has no null' }),
      denied: 'a file that can be read and opened cannot be denied',
      unavailable: 'a file is not reached over a network',
      throttled: 'a file system does not throttle',
      hang: 'a file that hangs hangs the process that reads it',
      closing: 'nothing is open between two reads',
      damage: 'the file is authenticated as a whole',
    },
  });
