import { equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '../compare.ts';
import { type Claims, printed, thrown } from './claim.ts';

const folder = mkdtempSync(join(tmpdir(), 'claims-'));
writeFileSync(
  join(folder, 'default.json'),
  JSON.stringify({ port: 80, db: { host: 'db.example.com', password: 'fake-secret' } }),
);
writeFileSync(join(folder, 'custom-environment-variables.json'), JSON.stringify({ port: 'CLAIMED_PORT' }));
Object.assign(process.env, {
  NODE_CONFIG_DIR: folder,
  CLAIMED_PORT: 'abc',
  SUPPRESS_NO_CONFIG_WARNING: 'true',
});

interface NodeConfig {
  get(key: string): unknown;
  has(key: string): boolean;
  readonly db: { password: string };
  readonly util: { getConfigSources(): { name: string; parsed: object }[] };
}
const { default: config } = await peer<{ default: NodeConfig }>('config');

export const claims: Claims = {
  'The configuration is read on import. Every read after that is synchronous.': () =>
    equal(config.get('db.host'), 'db.example.com'),
  '`get` of a missing key throws, and `has` returns false.': async () => {
    match((await thrown(() => config.get('db.missing'))).message, /not defined/);
    equal(config.has('db.missing'), false);
  },
  'If a file cannot be parsed, the import fails with an error that names the file.': () => {
    const broken = mkdtempSync(join(tmpdir(), 'claims-'));
    writeFileSync(join(broken, 'default.json'), '{ "password": fake }');
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', 'await import("config")'],
      {
        cwd: new URL('..', import.meta.url),
        env: { ...process.env, NODE_CONFIG_DIR: broken },
        encoding: 'utf8',
      },
    );
    ok(status !== 0);
    match(stderr, /Cannot parse config file.*default\.json/);
  },
  'Values are not validated: if a variable sets a number to `abc`, the value is the string `abc`.': () =>
    equal(config.get('port'), 'abc'),
  '`util.getConfigSources()` lists the files and their contents, without lines.': () => {
    const [file] = config.util.getConfigSources();
    match(String(file?.name), /default\.json$/);
    ok(file?.parsed && !JSON.stringify(Object.keys(file)).includes('line'));
  },
  '`JSON.stringify` and `inspect` show the secrets of a configuration.': () =>
    match(printed(config), /fake-secret.*fake-secret/s),
  'The configuration is immutable after the first `get`: an assignment throws.': async () =>
    match((await thrown(() => Object.assign(config.db, { password: 'another' }))).message, /immutable/),
};
