import {
  BundleProvider,
  type ConfigProvider,
  EnvProvider,
  loadConfig,
  MemoryProvider,
  ProviderChain,
} from 'llm-config-manager';
import { z } from 'zod';

process.chdir(import.meta.dirname); // can be started from anywhere

// #region schema
const Schema = z.object({
  server: z.object({ port: z.number().int(), host: z.string().default('0.0.0.0') }),
  database: z.object({ host: z.string(), poolMax: z.number(), password: z.string() }),
  llm: z.object({ models: z.array(z.string()), temperature: z.number().max(2) }),
});
// #endregion

async function refused(what: string, doing: () => unknown): Promise<void> {
  console.log(`# ${what}\n`);
  await Promise.resolve()
    .then(doing)
    .then(
      () => console.log('no error\n'),
      (error: Error) => console.log(`${error.message}\n`),
    );
}
const load = (...sources: ConfigProvider[]) => loadConfig(Schema, sources);

await refused(
  'all problems at once',
  () =>
    // #region report
    load(
      new EnvProvider({ prefix: 'APP', env: { APP_LLM_TEMPERATURE: 'warm' } }),
      new BundleProvider('config/base.yaml'),
    ),
  // #endregion
);

// #region file
await refused('a missing file', () => load(new BundleProvider('config/bsae.yaml')));
// #endregion

// #region parse
await refused('an ambiguous file', () => load(new BundleProvider('config/twice.yaml')));
// #endregion

const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP', env: {} }),
  new BundleProvider('config/base.yaml'),
]);
// #region require
await refused('a missing key', () => chain.require('database.user'));
// #endregion

// #region section
await refused('a section instead of a value', () => chain.value('database'));
// #endregion

// #region names
const defaults = (name: string) => new MemoryProvider({}, { name });
await refused(
  'two providers with the same name',
  () => new ProviderChain([defaults('base'), defaults('base')]),
);
// #endregion

// #region option
await refused('a misspelled option', () => new EnvProvider({ prefx: 'APP' } as object));
// #endregion
