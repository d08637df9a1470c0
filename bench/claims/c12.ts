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
  'Files may be TypeScript, and hold functions.': async () => {
    const { config } = await loadConfig<{ double(n: number): number }>({ ...alone, name: 'typed' });
    equal(config.double(2), 4);
  },
  'Trees merge deeply; `null` gives way to a default, and lists are joined.': async () => {
    const { config } = await load();
    deepEqual(
      [config.mode, config.hosts, config.db],
      ['the default', ['one', 'two'], { password: 'fake-secret', port: 1 }],
    );
  },
  'Values are not validated: the type parameter is a promise of the caller.': async () => {
    const { config } = await loadConfig<{ port: number }>({ ...alone, name: 'app' });
    equal(typeof config.port, 'string');
  },
  'A file that is not there is an empty one, unless it is called required.': async () => {
    deepEqual((await loadConfig({ ...alone, name: 'none', defaults: { mode: 'the default' } })).config, {
      mode: 'the default',
    });
    match(
      (await thrown(() => loadConfig({ ...alone, name: 'none', configFileRequired: true }))).message,
      /Required/i,
    );
  },
  'A file that cannot be parsed is an error, whose message quotes the text around the fault.': async () =>
    match(
      (await thrown(() => loadConfig({ ...alone, name: 'broken', defaults }))).message,
      /broken\.config\.json.*fake-secret/s,
    ),
  '`layers` and `configFile` name the files; which of them a value came from is not kept.': async () => {
    const { layers, configFile } = await load();
    deepEqual([layers?.length, layers?.[0]?.configFile], [1, 'app.config']);
    match(String(configFile), /app\.config\.json$/);
  },
  'Printed, it shows its secrets.': async () =>
    match(printed((await load()).config), /fake-secret.*fake-secret/s),
};
