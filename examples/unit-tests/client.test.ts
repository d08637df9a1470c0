import { loadConfig, MemoryProvider } from 'llm-config-manager';
import { sandbox } from 'llm-config-manager/testing';
import { expect, test } from 'vitest';
import { describeClient, load, Schema } from './client.ts';

// #region memory
test('the client takes its endpoint from the configuration', async () => {
  const source = new MemoryProvider({ llm: { endpoint: 'https://llm.example.com' } });
  const config = await loadConfig(Schema, source);
  expect(describeClient(config)).toBe('https://llm.example.com within 10000 ms');
});
// #endregion

// #region sandbox
test('a variable overrides the file', async () => {
  await using box = await sandbox({
    files: { 'config.yaml': 'llm:\n  endpoint: https://llm.example.com\n  timeoutMs: 500\n' },
    env: { APP_LLM_TIMEOUT_MS: '50' },
  });
  await using config = await load(box.directory, box.env);
  expect(describeClient(config)).toBe('https://llm.example.com within 50 ms');
});

test('an invalid file is refused with its line', async () => {
  await using box = await sandbox({ files: { 'config.yaml': 'llm:\n  endpoint: 5\n' } });
  await expect(load(box.directory, box.env)).rejects.toThrow(/config\.yaml:2:13/);
});
// #endregion
