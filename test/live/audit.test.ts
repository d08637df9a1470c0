// Other people's verifiers on our logs: the programs of Go's sumdb and of transparency-dev. `go` fetches
// the modules by name. `npm run test:live`.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proveEntry } from '../../src/extensions/audit/prove.ts';
import { append, logs } from '../extensions/audit/opened.ts';

describe('verifiers of others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-go-'));
  const program = join(folder, 'verify');

  beforeAll(() => {
    cpSync(fileURLToPath(new URL('audit/', import.meta.url)), folder, { recursive: true });
    execFileSync('go', ['build', '-o', program, '.'], { cwd: folder, stdio: 'pipe' });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A log of three files, the checkpoint after 4,321 of 5,555 entries, and a proof of entry 777. */
  async function written() {
    const box = await logs();
    const log = await box.open({ maxFileBytes: 300_000 });
    for (let at = 0; at < 4_321; at += 1_000) await append(log, Math.min(1_000, 4_321 - at), at);
    const older = box.path('older.txt');
    writeFileSync(older, log.checkpoint);
    for (let at = 4_321; at < 5_555; at++) if (at % 100 === 0) await append(log, 1, at);
    await append(log, 5_555 - log.size, log.size);
    await log.close();
    const { id } = box.entries()[777] as { id: string };
    const { text: _, ...proof } = await proveEntry(box.directory, id, readFileSync(older, 'utf8'));
    const file = box.path('proof.json');
    writeFileSync(file, JSON.stringify(proof));
    const { keys } = JSON.parse(readFileSync(join(box.folderOf('one'), 'keys.json'), 'utf8'));
    const verify = () => {
      const args = [keys[0].verifier, log.origin, older, file, ...box.files()];
      const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
      return { status, stdout };
    };
    return { ...box, proof, file, older, verify };
  }

  it('Go verifies signatures, both proofs, and every checkpoint of every file', async () => {
    await using log = await written();
    expect(log.files().length).toBeGreaterThan(2);
    const { status, stdout } = log.verify();
    expect(stdout).toContain('entry 777 of 5555, continues 4321');
    expect(stdout).toMatch(/^5555 entries and \d+ checkpoints$/m);
    expect(status).toBe(0);
  });

  it('Go refuses a flipped byte in an entry, a checkpoint, a proof and a key', async () => {
    await using log = await written();
    const flip = (file: string, from: number): string => {
      const whole = readFileSync(file);
      const at = from + whole.toString('latin1', from).search(/[c-w]/); // stays a letter
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] as number) ^ 1;
      writeFileSync(file, flipped);
      const { status, stdout } = log.verify();
      writeFileSync(file, whole);
      expect(status).toBe(1);
      return stdout;
    };
    const [first = '', second = ''] = log.files();
    const text = readFileSync(first, 'latin1');
    expect(flip(first, text.indexOf('vault'))).toContain('tlog.TreeHash: is not that of the checkpoint');
    const note = text.indexOf('["', 10);
    expect(flip(first, text.indexOf(' ', text.indexOf('\\n\\n', note)) + 60)).toContain(
      'log.ParseCheckpoint',
    );
    expect(flip(second, readFileSync(second, 'latin1').indexOf('vault'))).toContain('tlog.TreeHash');
    expect(flip(log.older, 60)).toContain('log.ParseCheckpoint');
    const proof = readFileSync(log.file, 'latin1');
    expect(flip(log.file, proof.indexOf('"line"') + 40)).toMatch(/proof.VerifyInclusion|^proof:/);
    expect(flip(log.file, proof.indexOf('"inclusion":["') + 20)).toContain('proof.VerifyInclusion');
    expect(flip(log.file, proof.indexOf('"consistency":["') + 20)).toContain('proof.VerifyConsistency');
  });
});
