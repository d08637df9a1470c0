import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '../compare.ts';
import { type Claims, printed, thrown } from './claim.ts';

interface C12 {
  loadConfig<T>(
    options: object,
  ): Promise<{ config: T; layers?: { configFile?: string }[]; configFile?: string }>;
}
const { loadConfig } = await peer<C12>('c12');
const cwd = mkdtempSync(join(tmpdir(), 'claims-'));
const alone = { cwd, rcFile: false, globalRc: false, packageJson: false, dotenv: false };
writeFileSync(
  join(cwd, 'app.config.json'),
  '{ "mode": null, "hosts": ["one"], "port": "abc", "db": { "password": "fake-secret" } }',
);
writeFileSync(join(cwd, 'broken.config.json'), '{ "password": fake-secret }');
writeFileSync(
  join(cwd, 'typed.config.ts'),
  'export default { port: 80 as number, double: (n: number): number => 2 * n };',
);
const defaults = { mode: 'the default', hosts: ['two'], db: { port: 1 } };
const load = () => loadConfig<Record<string, unknown>>({ ...alone, name: 'app', defaults });

export const claims: Claims = {
  'Files may be TypeScript and contain functions.': async () => {
    const { config } = await loadConfig<{ double(n: number): number }>({ ...alone, name: 'typed' });
    equal(config.double(2), 4);
  },
  'Objects are merged deeply, a default replaces `null`, and lists are concatenated.': async () => {
    const { config } = await load();
    deepEqual(
      [config.mode, config.hosts, config.db],
      ['the default', ['one', 'two'], { password: 'fake-secret', port: 1 }],
    );
  },
  'Values are not validated: the type parameter is not checked.': async () => {
    const { config } = await loadConfig<{ port: number }>({ ...alone, name: 'app' });
    equal(typeof config.port, 'string');
  },
  'A missing file counts as empty, unless it is marked as required.': async () => {
    deepEqual((await loadConfig({ ...alone, name: 'none', defaults: { mode: 'the default' } })).config, {
      mode: 'the default',
    });
    match(
      (await thrown(() => loadConfig({ ...alone, name: 'none', configFileRequired: true }))).message,
      /Required/i,
    );
  },
  'A file that cannot be parsed throws an error. The message quotes the text around the fault.': async () =>
    match(
      (await thrown(() => loadConfig({ ...alone, name: 'broken', defaults }))).message,
      /broken\.config\.json.*fake-secret/s,
    ),
  '`layers` and `configFile` name the files. The file of a single value is not kept.': async () => {
    const { layers, configFile } = await load();
    deepEqual([layers?.length, layers?.[0]?.configFile], [1, 'app.config']);
    match(String(configFile), /app\.config\.json$/);
  },
  'A printed configuration shows its secrets.': async () =>
    match(printed((await load()).config), /fake-secret.*fake-secret/s),
};
