// The policies that `llm-config doctor` derives, given to a real server that enforces them.

import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { policiesOf } from '../../src/cli/doctor/policies.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import { needsOf } from '../../src/needs.ts';
import type { ConfigProvider, Wanted } from '../../src/provider.ts';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/index.ts';
import { token, transitKey, VaultProvider } from '../../src/providers/vault/index.ts';
import { keysIn } from '../../src/schema/keys.ts';
import { sandbox } from '../../src/testing/index.ts';
import { llmConfig } from '../cli/terminal.ts';
import { admin, live, mounted, policy, tokenOf, unique } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});
const kv2 = await mounted('kv', { options: { version: '2' } });
const kv1 = await mounted('kv', { options: { version: '1' } });
const transit = await mounted('transit');
cleaning.push(kv2.unmount, kv1.unmount, transit.unmount);
await admin('POST', `${transit.mount}/keys/files`);
for (const [path, data] of Object.entries({
  'acme/db': { password: 'fake-1', user: 'app' },
  'acme/llm/models/small': { url: 'http://a' },
  'acme/llm/models/big/one': { url: 'http://b' },
  'acme/other': { password: 'fake-2' },
  'acme/tenant/db': { password: 'fake-3' },
  'elsewhere/db': { password: 'fake-4' },
})) {
  await admin('POST', `${kv2.mount}/data/${path}`, { data });
  await admin('POST', `${kv1.mount}/${path}`, data);
}

const closed = z.object({ db: z.object({ password: z.string() }) });
const open = z.object({
  db: z.object({ password: z.string() }),
  llm: z.object({ models: z.record(z.string(), z.any()) }),
});

type Make = (given: string) => ConfigProvider;
const vault =
  (options: object): Make =>
  (given) =>
    new VaultProvider({ address: live.address, auth: token(given), env: {}, ...options } as never);
const cases: readonly (readonly [string, Make, z.ZodType])[] = [
  ['a folder and a schema', vault({ mount: kv2.mount, path: 'acme/' }), closed],
  ['a folder and an open schema', vault({ mount: kv2.mount, path: 'acme/' }), open],
  ['a folder of version 1', vault({ mount: kv1.mount, path: 'acme/' }), closed],
  ['a folder of version 1 and an open schema', vault({ mount: kv1.mount, path: 'acme/' }), open],
  ['a whole mount', vault({ mount: kv2.mount, path: '/' }), z.record(z.string(), z.any())],
  ['mapped secrets', vault({ secrets: { 'db.password': `${kv2.mount}/acme/db#password` } }), closed],
  ['a scope', (given) => scoped(vault({ mount: kv2.mount, path: 'acme/' })(given), 'tenant'), closed],
];

const wantedBy = (schema: z.ZodType): Wanted => {
  const { keys, prefixes } = keysIn(schema);
  return { keys: keys.map(({ key }) => key), prefixes };
};

/** The lines of the policy that the needs of a provider make. */
async function linesFor(make: Make, schema: z.ZodType): Promise<string[]> {
  const provider = make(live.token);
  await loadConfig(schema, [provider]).then((config) => config.close());
  const again = make(live.token);
  try {
    await again.list('', { wanted: wantedBy(schema) });
    return policiesOf(await needsOf([again], wantedBy(schema))).flatMap(({ text }) => text.split('\n'));
  } finally {
    await again.close?.();
  }
}

/** Loads with a token that has the lines and Vault's default policy. Returns the notices. */
async function load(make: Make, schema: z.ZodType, lines: readonly string[]): Promise<unknown> {
  const name = unique('doctor');
  await policy(name, lines);
  cleaning.push(() => admin('DELETE', `sys/policies/acl/${name}`));
  await using config = await loadConfig(schema, [make(await tokenOf([name]))]);
  return structuredClone(JSON.parse(JSON.stringify(config.value)));
}

describe('the derived policy on a real server', () => {
  it.each(cases)('is enough for %s, and for nothing beside it', async (_, make, schema) => {
    const lines = await linesFor(make, schema);
    expect(lines.length).toBeGreaterThan(0);
    await expect(load(make, schema, lines)).resolves.toBeDefined();
    const name = unique('doctor');
    await policy(name, lines);
    const given = await tokenOf([name]);
    for (const path of [`${kv2.mount}/data/elsewhere/db`, `${kv1.mount}/elsewhere/db`]) {
      const isWanted = lines.some((line) => line.includes(`${kv2.mount}/data/*`)) && path.includes(kv2.mount);
      const answer = await admin('GET', path, undefined, { token: given, allow: [403] });
      expect(answer.errors !== undefined, path).toBe(!isWanted);
    }
  });

  it.each(cases.filter(([name]) => name !== 'a scope'))(
    'has no line for %s that is not needed',
    async (_, make, schema) => {
      const lines = await linesFor(make, schema);
      for (const line of lines) {
        const others = lines.filter((one) => one !== line);
        const isEmpty =
          /\/(?:metadata\/)?acme\/db\/?"|data\/acme\/llm(?:\/models)?"|\/acme\/llm(?:\/models)?"/.test(line);
        // a folder or a secret that may exist, and does not
        if (isEmpty && !line.includes('data/acme/db"') && !line.includes(`${kv1.mount}/acme/db"`)) continue;
        await expect(load(make, schema, others), line).rejects.toThrow();
      }
    },
  );

  it('opens an encrypted file with its Transit key', async () => {
    await using box = await sandbox();
    const path = box.path('a.yaml.jwe');
    const key = (given: string) =>
      transitKey({ address: live.address, auth: token(given), env: {}, mount: transit.mount, key: 'files' });
    const writer = new EncryptedFileProvider({ path, keys: key(live.token) });
    await writer.set('db.password', 'fake-5');
    const make: Make = (given) => new EncryptedFileProvider({ path, keys: key(given) });
    const lines = await linesFor(make, closed);
    expect(lines).toEqual([`path "${transit.mount}/decrypt/files" { capabilities = ["update"] }`]);
    await expect(load(make, closed, lines)).resolves.toEqual({ db: { password: '[redacted]' } });
  });
});

describe('llm-config doctor with a real server', () => {
  const source = new URL('../../src/', import.meta.url).href;
  const withModule = () =>
    sandbox({
      files: {
        'config.mjs': `
          import { VaultProvider } from '${source}providers/vault/index.ts';
          import { z } from '${import.meta.resolve('zod')}';
          export const schema = z.object({ db: z.object({ password: z.string() }) });
          const options = { address: '${live.address}', mount: '${kv2.mount}', path: 'acme/' };
          export const chain = [new VaultProvider(options)];
        `,
      },
    });

  it('measures the store, its clock and a load, and prints no secret', async () => {
    await using box = await withModule();
    process.env.VAULT_TOKEN = live.token;
    const { code, out, err } = await llmConfig(['doctor', box.path('config.mjs'), '--json']);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toMatch(/fake-\d/);
    expect(out).not.toContain(live.token);
    const host = new URL(live.address).hostname;
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      requests: { vault: expect.any(Number) },
      checks: {
        stores: [
          { name: 'vault', found: expect.stringMatching(/^answers in \d+ ms$/), status: 'ok' },
          { name: `clock of ${host}`, status: 'ok' },
        ],
      },
    });
    await using other = await withModule();
    const text = await llmConfig(['doctor', other.path('config.mjs')]);
    expect(text.out).toMatch(/a load makes\n {2}vault {2}\d requests?\n/);
  });
});
