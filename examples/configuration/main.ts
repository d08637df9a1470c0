import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BundleProvider,
  ConfigError,
  checkConfig,
  describeKeys,
  EnvProvider,
  envExample,
  loadConfig,
  MemoryProvider,
  reveal,
} from 'llm-config-manager';
import { z } from 'zod';
import { Schema } from './schema.ts';

const folder = await mkdtemp(join(tmpdir(), 'configuration-'));
process.chdir(folder); // the paths below are the same on every machine
await mkdir('config');
const file = 'config/base.yaml';
const good = 'database:\n  host: db.internal\n  password: not-a-real-password\nmodels: [small]\n';
await writeFile(file, good);
const env: Record<string, string> = { APP_DATABASE_POOL_MAX: '20', APP_MODELS: 'small, large' };
const print = (text: unknown): void => console.log(`${text}\n`);

// #region load
const source = [new EnvProvider({ prefix: 'APP', env }), new BundleProvider(file)];
const config = await loadConfig(Schema, source);
config.value.database.poolMax; // 20, a number
config.value.models; // ['small', 'large']
config.get('database.host'); // typed by its path
config.at('database').get('host'); // a section that follows reloads
// #endregion
print(JSON.stringify(config));

// #region explain
print(config.explain('database.poolMax'));
// #endregion

// #region keys
const { keys, complete } = await describeKeys(Schema);
print(`${keys.length} keys, ${complete ? 'and these are all' : 'and perhaps more'}`);
print(await envExample(Schema, { prefix: 'APP' }));
// #endregion

// #region check
const check = await checkConfig(Schema, source, { unknown: 'error' });
print(check);
if (!check.ok) process.exitCode = 1;
// #endregion

// #region print
print(JSON.stringify(config.value.database)); // the password is masked
const { host, password } = config.value.database; // reading a property gives the value
const plain = reveal(config.value.database); // a plain copy without masking
// #endregion
print(`${host}, a password of ${password.length} characters, ${Object.keys(plain).length} keys`);

const send = (body: string): void => print(`${body.length} characters, masked: ${body.includes('redacted')}`);
const connect = (options: { host: string; poolMax: number }): number => options.poolMax++;
// #region reveal
send(JSON.stringify({ database: reveal(config.value.database) })); // with the password
connect(reveal(config.value.database)); // may change its options
const models: string[] = reveal(config.value.models); // not readonly string[]
// #endregion
print(models);

// #region public
const Cors = z.object({
  origins: z
    .string()
    .transform((text) => text.split(' '))
    .meta({ 'x-secret': false }), // without this mark, the list is printed masked
});
// #endregion
const cors = new MemoryProvider({ origins: 'https://a.example https://b.example' });
print(JSON.stringify((await loadConfig(Cors, cors)).value));

// #region subscribe
const subscription = config.subscribe('database.poolMax', ({ key, previous, current, generation }) => {
  print(`generation ${generation}: ${key} was ${previous}, is ${current}`);
});
// #endregion

// #region reload
env.APP_DATABASE_POOL_MAX = '30';
await config.reload(); // the next generation
try {
  env.APP_DATABASE_POOL_MAX = 'many';
  await config.reload();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  print(error.message); // the old generation stays in use
}
// #endregion

// #region rollback
await config.rollback(); // 20 again, until the next reload()
// #endregion
subscription[Symbol.dispose]();

await writeFile(file, 'databse:\n  host: db.internal\nmodels: 5\n');
const wrong = { APP_DATABASE_POOL_MAX: '', APP__PROT: '80' };
const broken = [new EnvProvider({ prefix: 'APP', env: wrong }), new BundleProvider(file)];
// #region report
try {
  await loadConfig(Schema, broken, { unknown: 'error' });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  print(error.message);
  print(error.problems?.map(({ kind, key }) => `${kind} ${key}`));
}
// #endregion
await config.close();
await rm(folder, { recursive: true });
