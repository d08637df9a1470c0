import 'reflect-metadata';
import assert from 'node:assert/strict';
import { extname } from 'node:path';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

process.chdir(import.meta.dirname); // can be started from anywhere
interface Version {
  readonly AppModule: Type;
  readonly Reports: Type<{ describe(): object }>;
}

/** Imports a version again with other variables. Returns what it has, or the message that ends its start. */
async function started(
  version: 'before' | 'after',
  env: Readonly<Record<string, string>>,
): Promise<object | string> {
  Object.assign(process.env, env);
  const file = `./${version}${extname(import.meta.url)}?${Object.keys(env)}`;
  try {
    const { AppModule, Reports } = (await import(file)) as Version;
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    const described = app.get(Reports).describe();
    await app.close();
    return described;
  } catch (error) {
    return (error as Error).message.replaceAll(process.cwd(), '.');
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
}

console.log('# the same values\n');
const deployed = { DATABASE_HOST: 'db.internal', DATABASE_PASSWORD: 'not-a-real-password' };
const values = await started('after', deployed);
assert.deepEqual(values, await started('before', deployed));
console.log(values);

console.log('\n# a port that is not a number, and no password\n');
const wrong = { DATABASE_PORT: 'postgres' };
console.log('before:', await started('before', wrong));
console.log('after: ', await started('after', wrong));
