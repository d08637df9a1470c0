import assert from 'node:assert/strict';
import { ConfigError, DotEnvProvider, loadConfig, reveal } from 'llm-config-manager';

process.chdir(import.meta.dirname); // so that it can be started from anywhere
// the new way first: the old one leaves the variables of .env in process.env
const { config, env, Env } = await import('./after.ts');
const { sections } = await import('./sections.ts');
const before = await import('./before.ts');

console.log('# the same values\n');
assert.deepEqual(reveal(env), before.env);
assert.equal(sections.value.database.poolMax, before.env.DATABASE_POOL_MAX);
console.log(`${Object.keys(before.env).length} values, the same both ways; and in sections:`);
console.log(JSON.stringify(sections.value));

console.log('\n# where from\n');
console.log(`${config.explain('PORT')}`);

console.log('\n# what is wrong, and in which line\n');
try {
  await loadConfig(Env, new DotEnvProvider({ files: ['broken.env'] }));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log(error.message);
}

console.log('\n# what is printed by mistake\n');
console.log('before', JSON.stringify(before.env));
console.log('after ', JSON.stringify(env));
