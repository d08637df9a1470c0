import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvProvider, isConfigError, loadConfig, ProviderChain } from 'llm-config-manager';
import { EncryptedFileProvider } from 'llm-config-manager/encrypted-file';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'air-gapped-'));
const at = (name: string): string => join(folder, name);
const llmConfig = (...args: readonly string[]): string =>
  execFileSync('llm-config', args, { encoding: 'utf8', stdio: 'pipe' }).trim();

// once, on the device; the private half of the key never leaves it
const recipient = llmConfig('keygen', '--x25519', '--kid', 'device-7', '--out', at('device.key'));

/** At the office: encrypts a release for the device. The carrier cannot read it. */
function release(text: string, context = 'acme/device-7'): string {
  writeFileSync(at('release.yaml'), text);
  llmConfig(
    'encrypt',
    at('release.yaml'),
    '--to',
    recipient,
    '--context',
    context,
    '--out',
    at('stick.jwe'),
    '--force',
  );
  return at('stick.jwe');
}

/** On the device: replaces the file in one step, so that no reader sees a half of it. */
function install(file: string): void {
  copyFileSync(file, at('config.yaml.jwe.new'));
  renameSync(at('config.yaml.jwe.new'), at('config.yaml.jwe'));
}

const good = 'llm: { model: local-7b, maxTokens: 512 }\nbroker: { password: fake-password-1 }\n';
install(release(good));

// #region chain
const Schema = z.object({
  llm: z.object({ model: z.string(), maxTokens: z.number().int() }),
  broker: z.object({ password: z.string() }),
});
const path = at('config.yaml.jwe');
const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP', env: {} }), // what differs on this device
  new EncryptedFileProvider({
    path,
    format: 'yaml',
    context: 'acme/device-7',
    keys: { file: at('device.key') },
  }),
]);
const config = await loadConfig(Schema, chain);
// #endregion chain
console.log(config.value);

/** Installs a release and reads it, as `watch: true` does. */
async function update(title: string, file: string): Promise<void> {
  install(file);
  const result = await config.reload().then(
    () => 'in use',
    (error) => (isConfigError(error) ? `refused: ${error.code}` : String(error)),
  );
  console.log(`${title}: ${result}, model ${config.value.llm.model}, generation ${config.generation.number}`);
}
await update('a new model', release(good.replace('local-7b', 'local-13b')));
await update('a mistake', release(good.replace('512', 'many')));
await update('a release for another device', release(good, 'acme/device-8'));

const damaged = release(good);
writeFileSync(damaged, 'x', { flag: 'r+' });
await update('a file that was damaged on the way', damaged);

await config.close();
await chain.close();
rmSync(folder, { recursive: true });
