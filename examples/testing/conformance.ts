// #region conformance
import * as runner from 'node:test';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import { LinesProvider } from './lines.ts';

const never = 'a file is there or it is not';

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
      fail: (fault) =>
        box.write({ config: fault === 'denied' ? undefined : fault ? `${text()}no line` : text() }),
      dispose: box.dispose,
    };
  },
  without: {
    types: 'lines are texts',
    null: 'lines are texts',
    anyText: 'a text is one line',
    batch: 'the file is read as a whole',
    where: 'there is one file',
    write: 'the file belongs to its author',
    watch: 'nobody looks at the file between two reads',
    refresh: 'nothing is held between two reads',
    health: 'a read tells',
    unavailable: never,
    throttled: never,
    hang: never,
    closing: never,
    damage: 'the file is readable as a whole, or not at all',
  },
});
// #endregion
