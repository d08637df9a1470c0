import assert from 'node:assert/strict';
import { ConfigError, type Interceptor, MemoryProvider, ProviderChain, startsWith } from 'llm-config-manager';
import { failure, heading } from './print.ts';

heading('interception');

const provider = new MemoryProvider({ 'llm.model': 'small', 'billing.account': '12-345' });

// #region intercept
interface Caller {
  readonly name: string;
  readonly may: readonly string[];
}

const policy: Interceptor = async (operation, next) => {
  const caller = operation.options.context as Caller | undefined;
  const keys = operation.type === 'getMany' ? operation.keys : [operation.key];
  const refused = keys.find((key) => !caller?.may.some((prefix) => startsWith(key, prefix)));
  if (refused !== undefined)
    throw new ConfigError(
      'policy_violation',
      `${caller?.name ?? 'an unknown caller'} may not read ${refused}`,
    );
  return next();
};
const guarded = new ProviderChain([provider], { intercept: policy });

const context: Caller = { name: 'the model service', may: ['llm'] };
assert.equal((await guarded.get('llm.model', { context }))?.value, 'small');
await failure(guarded.get('billing.account', { context }));
// #endregion
