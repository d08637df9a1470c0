import assert from 'node:assert/strict';
import { ConfigError, DotEnvProvider, loadConfig, reveal } from 'llm-config-manager';

process.chdir(import.meta.dirname); // can be started from anywhere
// after.ts runs first, because before.ts leaves the variables of .env in process.env
const { config, env, Env } = await import('./after.ts');
const { sections } = await import('./sections.ts');
const before = await import('./before.ts');

console.log('# the same values\n');
assert.deepEqual(reveal(env), before.env);
assert.equal(sections.value.database.poolMax, before.env.DATABASE_POOL_MAX);
console.log(`${Object.keys(before.env).length} values, the same both ways. In sections:`);
console.log(JSON.stringify(sections.value));

console.log('\n# origins\n');
console.log(`${config.explain('PORT')}`);

console.log('\n# problems with their lines\n');
try {
  await loadConfig(Env, new DotEnvProvider({ files: ['broken.env'] }));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log(error.message);
}

console.log('\n# printed by mistake\n');
console.log('before', JSON.stringify(before.env));
console.log('after ', JSON.stringify(env));
