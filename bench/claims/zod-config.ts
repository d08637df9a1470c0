import { deepEqual, match } from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { peer } from '../compare.ts';
import { type Claims, printed, told } from './claim.ts';

interface ZodConfig {
  loadConfig(options: object): Promise<Record<string, unknown>>;
}
const { loadConfig } = await peer<ZodConfig>('zod-config');
const { jsonAdapter } = await peer<{ jsonAdapter(options: object): object }>('zod-config/json-adapter');
const folder = mkdtempSync(join(tmpdir(), 'claims-'));
writeFileSync(join(folder, 'good.json'), '{ "password": "fake-secret" }');
writeFileSync(join(folder, 'broken.json'), '{ "password": fake-secret }');
const schema = z.object({ password: z.string().default('the default') });
const load = (file: string) => loadConfig({ schema, adapters: [jsonAdapter({ path: join(folder, file) })] });

export const claims: Claims = {
  'Files, variables and others merge and are validated by a zod schema, whose type the result has.':
    async () => deepEqual(await load('good.json'), { password: 'fake-secret' }),
  'A file that cannot be read or parsed is a warning, which quotes the text, and the default wins.':
    async () => {
      let config: object | undefined;
      const said = await told(async () => {
        config = await load('broken.json');
      });
      match(said, /fake-secret/);
      deepEqual(config, { password: 'the default' });
    },
  'Printed, it shows its secrets.': async () => match(printed(await load('good.json')), /fake-secret/),
};
