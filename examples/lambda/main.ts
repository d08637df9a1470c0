import { ConfigError, type ConfigProvider, MemoryProvider, secret } from 'llm-config-manager';
import { makeHandler } from './handler.ts';

// a secret store that is down at the cold start
const store = new MemoryProvider({ llm: { apiKey: secret('not-a-real-key') } }, { name: 'secret store' });
let calls = 0;
const flaky: ConfigProvider = {
  name: store.name,
  get: (key) => store.get(key),
  list: async (prefix, options) => {
    calls++;
    if (calls === 1)
      throw new ConfigError('unavailable', 'the secret store does not answer', { hint: 'Try again' });
    return store.list(prefix, options);
  },
};

const handler = makeHandler([flaky, new MemoryProvider({ llm: { endpoint: 'https://llm.example.com' } })]);
console.log('cold start', await handler({ prompt: 'one' }));
console.log('next      ', await handler({ prompt: 'two' }));
console.log('warm      ', await handler({ prompt: 'three' }));
const timers = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
console.log(`requests to the store: ${calls}; timers left: ${timers}`);
