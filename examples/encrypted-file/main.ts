import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { EncryptedFileProvider, parseKeys, seal, unsealed } from 'llm-config-manager/encrypted-file';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'example-'));
const path = join(folder, 'secrets.yaml.jwe');
const env = { LLM_CONFIG_KEY: Buffer.alloc(32, 1).toString('base64url') }; // never put a real key in code

try {
  // #region write
  const secrets = new EncryptedFileProvider({ path, context: 'acme/inference/production', env });
  await secrets.set('database.password', 'fake-password');
  await secrets.edit((text) => `# Who may read this: docs/secrets.md\n${text}`);
  // #endregion

  // #region load
  const Schema = z.object({ database: z.object({ host: z.string(), password: z.string() }) });
  await using chain = new ProviderChain([
    new EnvProvider({ prefix: 'APP', env: { APP_DATABASE_HOST: 'db.internal' } }),
    new EncryptedFileProvider({ path, context: 'acme/inference/production', env }),
  ]);
  await using config = await loadConfig(Schema, chain);
  console.log(config.explain('database.password').toString().replace(folder, 'config'));
  // #endregion

  // #region rotation
  const rotating = new EncryptedFileProvider({
    path,
    context: 'acme/inference/production',
    keys: [{ env: 'LLM_CONFIG_KEY_NEXT' }, { env: 'LLM_CONFIG_KEY' }], // uses the key that opens the file
    env,
  });
  // #endregion
  console.log(`${await rotating.get('database.password')}`.replace(folder, 'config'));

  // #region seal
  const [key] = parseKeys(env.LLM_CONFIG_KEY, 'LLM_CONFIG_KEY');
  if (!key) throw new Error('no key');
  const sealed = await seal('fake-token', { key: 'llm.token', to: key, context: 'acme' });
  writeFileSync(join(folder, 'base.yaml'), `llm:\n  model: large\n  token: ${sealed}\n`);

  const base = unsealed(new BundleProvider(join(folder, 'base.yaml')), { context: 'acme', env });
  console.log(
    (await base.get('llm.model'))?.value,
    `${await base.get('llm.token')}`.replace(folder, 'config'),
  );
  // #endregion

  // the same file on the command line
  console.log(execFileSync('llm-config', ['recipients', 'list', path], { encoding: 'utf8' }).trim());
  console.log(
    readFileSync(path, 'utf8').includes('fake-password') ? 'readable' : 'not readable without the key',
  );
} finally {
  rmSync(folder, { recursive: true });
}
