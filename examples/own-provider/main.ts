import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { conformance } from 'llm-config-manager/testing';
import { type TableClient, tableProvider } from './table.ts';

function tableOf(rows: Record<string, string>): TableClient {
  return {
    fetch: async (names) =>
      Object.fromEntries(names.filter((name) => Object.hasOwn(rows, name)).map((name) => [name, rows[name] as string])),
    names: async (prefix) => Object.keys(rows).filter((name) => name.startsWith(prefix)),
  };
}

await using chain = new ProviderChain([
  tableProvider(tableOf({ 'database.password': 'fake-password' })),
  new MemoryProvider({ database: { host: 'localhost' } }, { name: 'defaults' }),
]);
console.log(`${await chain.explain('database.password')}`);
console.log(`${await chain.explain('database.host')}`);

// #region conformance
const claims = conformance({
  name: 'table',
  make: (values) => tableProvider(tableOf(values as Record<string, string>)),
  without: {
    types: 'a table holds texts only',
    null: 'a table holds texts only',
    write: 'the client cannot write',
    watch: 'the client cannot watch',
    change: 'shown elsewhere',
    faults: 'shown elsewhere',
  },
});
for (const { says, leftOut, check } of claims)
  if (leftOut === undefined) await check().catch((error) => console.error(`${says}: ${error}`));
// #endregion
console.log(`${claims.filter(({ leftOut }) => leftOut === undefined).length} sentences of the conformance suite hold`);
