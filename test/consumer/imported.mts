import { MemoryProvider, ProviderChain } from 'llm-config-manager';

await using chain = new ProviderChain([new MemoryProvider({ database: { host: 'localhost' } })]);
const entry = await chain.get('database.host');
export const host: string | undefined = entry && `${entry.value}`;
