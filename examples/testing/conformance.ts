// #region conformance
import * as runner from 'node:test';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import { LinesProvider } from './lines.ts';

const never = 'a local file exists or not';

describeProvider({
  name: 'LinesProvider',
  runner,
  make: async (values) => {
    const held = new Map(Object.entries(values));
    const text = () => [...held].map(([key, value]) => `${key} = ${value}\n`).join('');
    const box = await sandbox({ files: { config: text() } });
    return {
      provider: new LinesProvider(box.path('config')),
      change: (key, value) => {
        if (value === undefined) held.delete(key);
        else held.set(key, value);
        return box.replace('config', text());
      },
      fail: (fault) => {
        const broken = fault === 'denied' ? undefined : `${text()}no line`;
        return box.write({ config: fault ? broken : text() });
      },
      dispose: box.dispose,
    };
  },
  without: {
    types: 'values are strings',
    null: 'values are strings',
    anyText: 'a value is a single line',
    batch: 'the whole file is read at once',
    where: 'there is only one file',
    write: 'the provider is read-only',
    versions: 'a file has no versions',
    watch: 'the file is not watched',
    refresh: 'nothing is cached between reads',
    renew: 'nothing is cached between reads',
    health: 'a read shows whether the file is readable',
    unavailable: never,
    throttled: never,
    hang: never,
    closing: never,
    damage: 'the file is readable as a whole or not at all',
  },
});
// #endregion
