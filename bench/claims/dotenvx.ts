import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '../compare.ts';
import { type Claims, outputOf, thrown } from './claim.ts';

interface Dotenvx {
  setLogLevel(options: object): void;
  set(name: string, value: string, options: object): Promise<unknown>;
  parse(text: string, options: object): Record<string, string>;
  config(options: object): { parsed: Record<string, string>; error?: Error };
}
const dotenvx = await peer<Dotenvx>('@dotenvx/dotenvx');
dotenvx.setLogLevel({ logLevel: 'error' });
const folder = mkdtempSync(join(tmpdir(), 'claims-'));
const [path, envKeysFile] = [join(folder, '.env'), join(folder, '.env.keys')];
writeFileSync(path, 'PORT=80\n');
await dotenvx.set('TOKEN', 'fake-secret', { path, envKeysFile });
const privateKey = /DOTENV_PRIVATE_KEY="?([0-9a-f]+)/.exec(readFileSync(envKeysFile, 'utf8'))?.[1];
rmSync(envKeysFile);
const text = (): string => readFileSync(path, 'utf8');
const without = { path, envKeysFile: join(folder, 'none'), quiet: true };

export const claims: Claims = {
  'Each value is sealed separately in `.env`, which can be committed. Reads are synchronous.': () => {
    ok(!text().includes('fake-secret'));
    equal(dotenvx.parse(text(), { privateKey, processEnv: {} }).TOKEN, 'fake-secret');
  },
  'A secret can be added without the private key, because the file contains the public key.': async () => {
    await dotenvx.set('SECOND', 'fake-secret-2', { path, envKeysFile });
    rmSync(envKeysFile, { force: true });
    ok(!text().includes('fake-secret-2'));
    equal(dotenvx.parse(text(), { privateKey, processEnv: {} }).SECOND, 'fake-secret-2');
  },
  'Without the private key, the sealed text becomes the value, and an error is printed and returned.':
    async () => {
      const processEnv: Record<string, string> = {};
      let error: Error | undefined;
      await outputOf(() => ({ error } = dotenvx.config({ ...without, processEnv })));
      match(String(processEnv.TOKEN), /^encrypted:/);
      match(String(error?.message), /DECRYPTION_FAILED/);
    },
  'With `strict`, a missing private key throws.': async () =>
    match(
      (await thrown(() => outputOf(() => dotenvx.config({ ...without, processEnv: {}, strict: true }))))
        .message,
      /DECRYPTION_FAILED/,
    ),
  'For a missing file, an error is printed and an empty object is returned.': async () => {
    let parsed: object | undefined;
    const options = { path: join(folder, '.none'), processEnv: {}, quiet: true };
    const output = await outputOf(() => ({ parsed } = dotenvx.config(options)));
    match(output, /MISSING_ENV_FILE/);
    deepEqual(parsed, {});
  },
  'All values are strings, and nothing is validated.': () =>
    equal(dotenvx.parse('PORT=abc\nMAX=5\n', { processEnv: {} }).MAX, '5'),
};
