import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { conformance, manualClock } from 'llm-config-manager/testing';
import { FakeTable } from './fake-table.ts';
import { tableProvider } from './table.ts';

await using chain = new ProviderChain([
  tableProvider(new FakeTable({ 'database.password': 'fake-password' })),
  new MemoryProvider({ database: { host: 'localhost' } }, { name: 'defaults' }),
]);
console.log(`${await chain.explain('database.password')}`);
console.log(`${await chain.explain('database.host')}`);

// #region conformance
const sentences = conformance({
  name: 'table',
  make: (values) => {
    const table = new FakeTable(values);
    const clock = manualClock();
    return {
      provider: tableProvider(table, { clock }),
      change: (key, value) => table.set(key, value === undefined ? undefined : `${value}`),
      fail: (fault) => void (table.fault = fault),
      requests: () => table.requests,
      advance: clock.advance,
    };
  },
  without: {
    types: 'a table holds texts only',
    null: 'a table holds texts only',
    write: 'this client cannot write',
    garbage: 'the client answers rows or an error',
    damage: 'a table is readable as a whole or not at all',
    closing: 'there is nothing to close',
  },
});
const held = sentences.filter(({ leftOut }) => leftOut === undefined);
for (const { says, check } of held) await check().catch((error: Error) => console.error(`It is not so that it ${says}: ${error.message}`));
// #endregion
console.log(`${held.length} sentences of the conformance suite`);
