import { deepEqual, match } from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { peer } from '../compare.ts';
import { type Claims, outputOf, printed } from './claim.ts';

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
  'A zod schema validates the merged files, variables and other sources, and gives the result its type.':
    async () => deepEqual(await load('good.json'), { password: 'fake-secret' }),
  'If a file cannot be read or parsed, a warning quotes its text and the default is used.': async () => {
    let config: object | undefined;
    const output = await outputOf(async () => {
      config = await load('broken.json');
    });
    match(output, /fake-secret/);
    deepEqual(config, { password: 'the default' });
  },
  'A printed configuration shows its secrets.': async () =>
    match(printed(await load('good.json')), /fake-secret/),
};
