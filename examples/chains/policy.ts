import assert from 'node:assert/strict';
import {
  ConfigError,
  type Interceptor,
  intercepted,
  MemoryProvider,
  type Operation,
  optional,
  ProviderChain,
  startsWith,
} from 'llm-config-manager';
import { failure, heading, print } from './print.ts';

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

/** Prints everything but the time, which differs between runs. */
const record = ({ type, key, provider, parent }: Operation, _durationMs: number) =>
  print(`${provider}: ${type} ${key}${parent === undefined ? '' : ', part of another operation'}`);

// #region timed
const timed: Interceptor = async (operation, next) => {
  const startedAt = performance.now();
  try {
    return await next();
  } finally {
    record(operation, performance.now() - startedAt);
  }
};
// #endregion

// #region intercepted
const settings = intercepted(new MemoryProvider({ 'llm.model': 'small' }, { name: 'settings' }), timed);
const timedChain = new ProviderChain([settings, provider], { intercept: [timed] });

await settings.set('llm.model', 'large'); // a chain cannot write, its providers can
assert.equal(await timedChain.value('llm.model'), 'large'); // the chain's interceptor is the outermost
// #endregion

// #region failing
const policyEngine: Interceptor = async () => {
  throw new ConfigError('unavailable', 'the policy engine does not answer');
};
const checked = intercepted(new MemoryProvider({ 'llm.model': 'large' }, { name: 'settings' }), policyEngine);
const tolerantChain = new ProviderChain([optional(checked), provider]);
await failure(tolerantChain.get('llm.model')); // not an outage: `optional` does not tolerate it
// #endregion
