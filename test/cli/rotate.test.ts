import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const module = `
  import { EncryptedFileProvider } from '${source}providers/encrypted-file/index.ts';
  import { fileLock, fileStore, generated, rotate } from '${source}extensions/rotation/index.ts';
  const path = new URL('secrets.json.jwe', import.meta.url).pathname;
  const file = new EncryptedFileProvider({ path, keys: () => '07'.repeat(32) });
  let uses = 1;
  const keys = generated({
    create: async ({ rotation }) => 'fake-' + rotation,
    test: async () => true,
    revoke: async () => { keys.test = async ({ key }) => key !== 'fake-first'; },
    inUse: () => uses,
  });
  const rotation = rotate(fileStore(file, 'llm.key'), keys, {
    lock: fileLock(path), revoke: 'auto', overlapMs: 0, graceMs: 0,
  });
  export const rotations = { llm: rotation, broken: {} };
`;
async function opened() {
  const { EncryptedFileProvider } = await import('../../src/providers/encrypted-file/index.ts');
  const box = await sandbox({ files: { 'rotations.mjs': module, 'config.mjs': 'export const other = 1;' } });
  const file = new EncryptedFileProvider({ path: box.path('secrets.json.jwe'), keys: () => '07'.repeat(32) });
  await file.edit(() => '{ "llm": { "key": "fake-first" } }');
  const run = (...args: string[]) => llmConfig(['rotate', ...args], { cwd: box.path('.') });
  return Object.assign(box, { run, file });
}

describe('llm-config rotate', () => {
  it('rotate begins a rotation, waits for a person, and --force ends it', async () => {
    await using box = await opened();
    const { run } = box;
    const begun = await run('rotations.mjs', 'llm');
    expect(begun).toMatchObject({
      code: 1,
      err: expect.stringContaining('still in use (1)'),
    });
    expect(begun.out).toMatch(/^pending {2}first to [\da-f-]+\npromoted {2}first to .+\nin use: 1\n$/);
    const status = await run('rotations.mjs', 'llm', '--status');
    expect(status.out).toMatch(
      /^step {11}in use: 1\ncurrent {8}.+, since .+Z\naccepted {7}yes\ndue {12}.+Z\n/,
    );
    const forced = await run('rotations.mjs', 'llm', '--force', '--json');
    expect(JSON.parse(forced.out)).toMatchObject({
      result: 'done',
      steps: [expect.stringMatching(/^revoked/)],
    });
    expect(await run('rotations.mjs', 'llm', '--step')).toMatchObject({ code: 0, out: 'idle\n' });
    expect([begun, status, forced].map(({ out, err }) => out + err).join()).not.toContain('fake-');
    expect((await box.file.get('llm.key', { maxAgeMs: 0 }))?.value).not.toBe('fake-first');
  });

  it('rotate refuses an unknown key, a module without rotations and two modes', async () => {
    await using box = await opened();
    const { run } = box;
    const unknown = await run('rotations.mjs', 'lmm');
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean llm?') });
    expect(await run('rotations.mjs', 'broken')).toMatchObject({ code: 2 });
    expect(await run('config.mjs', 'llm')).toMatchObject({
      code: 3,
      err: expect.stringContaining('exports no rotations'),
    });
    expect(await run('rotations.mjs', 'llm', '--step', '--force')).toMatchObject({ code: 2 });
    expect(await run('rotations.mjs')).toMatchObject({ code: 2 });
  });
});
