// #region sandbox
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BundleProvider, EnvProvider, ProviderChain } from 'llm-config-manager';
import { sandbox } from 'llm-config-manager/testing';
import { endpoint } from './app.ts';

test('a variable overrides the file', async () => {
  await using box = await sandbox({
    files: { 'config/base.yaml': 'service:\n  host: inference.internal\n  port: 8443\n' },
    env: { APP_SERVICE_PORT: '9000' },
  });
  await using config = new ProviderChain([
    new EnvProvider({ prefix: 'APP', env: box.env }),
    new BundleProvider(box.path('config/base.yaml')),
  ]);
  assert.equal(await endpoint(config), 'https://inference.internal:9000');

  await box.replace('config/base.yaml', 'service:\n  host: elsewhere.internal\n');
  await config.refresh();
  assert.equal(await endpoint(config), 'https://elsewhere.internal:9000');
});
// #endregion
