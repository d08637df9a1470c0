import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog, verifyLogs } from 'llm-config-manager/audit';
import { cpuNs } from './cpu.ts';
import { type Figure, report } from './report.ts';

// Appends by 1, 100 and 1,000 callers at once, each of which waits until its entry is on disk; then a
// million entries verified, signatures included, and the memory that takes.
const { privateKey } = generateKeyPairSync('ed25519');
const entry = (at: number) =>
  ({
    type: 'secret.accessed',
    actor: 'svc:inference',
    action: 'get',
    key: `acme.inference.k${at % 1_000}`,
    provider: 'vault',
    version: '7',
    operation: `mij3k4x8abcd-${at.toString(36)}`,
    durationMs: 1,
  }) as const;

async function appended(directory: string, callers: number, count: number) {
  const log = await AuditLog.open({ directory, origin: 'acme.example/bench', key: privateKey });
  let next = 0;
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    while (next < count) await log.append(entry(next++));
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const each = ((performance.now() - startedAt) / count) * 1e6;
  await log.close();
  return { each, verifier: log.verifier };
}

const bytesIn = (directory: string): number =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

const figures: Figure[] = [];
for (const [callers, count] of [
  [1, 1_000],
  [100, 100_000],
  [1_000, 200_000],
] as const) {
  const directory = mkdtempSync(join(tmpdir(), 'audit-bench-'));
  let best = Number.POSITIVE_INFINITY;
  const rounds = 3;
  for (let round = 0; round < rounds; round++)
    best = Math.min(best, (await appended(directory, callers, count)).each);
  const bytes = bytesIn(directory) / count / rounds;
  figures.push({ name: `append, ${callers} callers at once`, value: best, unit: 'ns' });
  figures.push({ name: `size of an entry, ${callers} callers at once`, value: bytes, unit: 'bytes' });
  rmSync(directory, { recursive: true });
}

const directory = mkdtempSync(join(tmpdir(), 'audit-bench-'));
const million = 1_000_000;
const { verifier } = await appended(directory, 100, million);
globalThis.gc?.();
const before = process.memoryUsage().rss;
let peak = before;
const watching = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 20);
const startedAt = cpuNs();
const { ok, logs } = await verifyLogs(directory, { keys: [verifier] });
const each = (cpuNs() - startedAt) / million;
clearInterval(watching);
rmSync(directory, { recursive: true });
if (!ok || logs[0]?.size !== million) throw new Error('the log does not verify');
figures.push({ name: 'verification of an entry, of a million, CPU', value: each, unit: 'ns' });
figures.push({
  name: 'memory that verifying a million entries adds',
  value: (peak - before) / 1e3,
  unit: 'kB',
});

report('audit log', figures, [
  {
    says: 'an append by one of 100 callers: 20,000 a second',
    of: 'append, 100 callers at once',
    atMost: 50_000,
  },
  { of: 'size of an entry, 100 callers at once', atMost: 300 },
  {
    says: 'verification: 60,000 entries a second',
    of: 'verification of an entry, of a million, CPU',
    atMost: 16_667,
  },
  { of: 'memory that verifying a million entries adds', atMost: 100_000 },
]);
