import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, DotEnvProvider, EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({
  database: z.object({ host: z.string(), port: z.number(), user: z.string(), password: z.string() }),
});

async function main() {
  const { EncryptedFileProvider } = await import('llm-config-manager/encrypted-file');
  const { KeyringProvider } = await import('llm-config-manager/keyring');
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  const file = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const env = { APP__DATABASE__PORT: '6000', LLM_CONFIG_KEY: Buffer.alloc(32, 1).toString('base64url') };
  const secrets = new EncryptedFileProvider({ path: join(folder, 'secrets.yaml.jwe'), env });
  await secrets.set('database.password', 'fake-password');

  file('.env', 'APP__DATABASE__USER=app\n');
  const chain = new ProviderChain([
    new EnvProvider({ prefix: 'APP', env }),
    new DotEnvProvider({ directory: folder, prefix: 'APP' }),
    secrets,
    new BundleProvider(file('base.yaml', 'database:\n  host: localhost\n  port: 5432\n')),
    new BundleProvider(file('base.toml', '[database]\nuser = "nobody"\n')),
  ]);
  const config = await loadConfig(Schema, chain);
  console.log(
    JSON.stringify(config.value),
    config.get('database.password'),
    new KeyringProvider({ service: 'consumer' }).name,
  );
  await config.close();
  await chain.close();
  rmSync(folder, { recursive: true });
}

main();
