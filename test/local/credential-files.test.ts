import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { CredentialFiles } from '../../src/local/credential-files.ts';
import { until } from '../support/until.ts';

describe('the files of credentials', () => {
  it('a change after a refusal is seen once, and then nothing is watched', async () => {
    await using box = await sandbox({ files: { credentials: 'old' } });
    const files = new CredentialFiles(() => [box.path('credentials'), box.path('missing')]);
    files.refused();
    await new Promise((done) => setImmediate(done));
    await until('the change is seen', async () => {
      await box.replace('credentials', `new ${Math.random()}`);
      return files.version === 1;
    });
    await box.replace('credentials', 'newer');
    expect(files.version).toBe(1);
  });

  it('nothing is watched before a refusal', async () => {
    await using box = await sandbox({ files: { credentials: 'old' } });
    const files = new CredentialFiles(() => [box.path('credentials')]);
    await box.replace('credentials', 'new');
    expect(files.version).toBe(0);
    files.stop();
  });
});
