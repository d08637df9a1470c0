import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '../compare.ts';
import { type Claims, thrown, told } from './claim.ts';

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
  'Each value is sealed for itself in `.env`, which can be committed; reads are synchronous.': () => {
    ok(!text().includes('fake-secret'));
    equal(dotenvx.parse(text(), { privateKey, processEnv: {} }).TOKEN, 'fake-secret');
  },
  'Who has no private key can still add a secret, for the public key stands in the file.': async () => {
    await dotenvx.set('SECOND', 'fake-secret-2', { path, envKeysFile });
    rmSync(envKeysFile, { force: true });
    ok(!text().includes('fake-secret-2'));
    equal(dotenvx.parse(text(), { privateKey, processEnv: {} }).SECOND, 'fake-secret-2');
  },
  'Without the private key, the sealed text itself becomes the value; an error is told and returned beside it.':
    async () => {
      const processEnv: Record<string, string> = {};
      let error: Error | undefined;
      await told(() => ({ error } = dotenvx.config({ ...without, processEnv })));
      match(String(processEnv.TOKEN), /^encrypted:/);
      match(String(error?.message), /DECRYPTION_FAILED/);
    },
  'With `strict`, the same throws.': async () =>
    match(
      (await thrown(() => told(() => dotenvx.config({ ...without, processEnv: {}, strict: true })))).message,
      /DECRYPTION_FAILED/,
    ),
  'A file that is not there is told, and an empty one is answered.': async () => {
    let parsed: object | undefined;
    const said = await told(
      () => ({ parsed } = dotenvx.config({ path: join(folder, '.none'), processEnv: {}, quiet: true })),
    );
    match(said, /MISSING_ENV_FILE/);
    deepEqual(parsed, {});
  },
  'All values are texts, and nothing is validated.': () =>
    equal(dotenvx.parse('PORT=abc\nMAX=5\n', { processEnv: {} }).MAX, '5'),
};
