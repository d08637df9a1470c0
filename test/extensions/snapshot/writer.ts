// A process of the tests: a store whose values grow, remembered in a file that another process writes too.
// Reports each number that is in the file, until it is killed.
import { makeEntry } from '../../../src/entry.ts';
import { remembered } from '../../../src/extensions/snapshot/index.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigProvider } from '../../../src/provider.ts';

const [file = '', own = ''] = process.argv.slice(2);
let number = 0;
const origin = makeOrigin({ provider: 'vault', source: 'vault' });
const keys = [own, 'shared', ...Array.from({ length: 50 }, (_, i) => `padding.k${i}`)];
const store: ConfigProvider = {
  name: 'vault',
  get: async () => undefined,
  list: async () => keys.map((key) => makeEntry({ key, value: `${own} ${number}`, secret: true, origin })),
};
const snapshot = remembered(store, { keys: () => Buffer.alloc(32, 7), app: 'inference', file, everyMs: 0 });
for (;;) {
  number++;
  await snapshot.list('', { wanted: { keys, prefixes: [] } });
  await snapshot.save();
  process.send?.(number);
}
