import { MemoryProvider, ProviderChain } from 'llm-config-manager';
// their types must compile without the optional packages
import 'llm-config-manager/audit';
import 'llm-config-manager/aws';
import 'llm-config-manager/azure';
import 'llm-config-manager/encrypted-file';
import 'llm-config-manager/gcp';
import 'llm-config-manager/guard';
import 'llm-config-manager/llm';
import 'llm-config-manager/redis';
import 'llm-config-manager/keyring';
import 'llm-config-manager/otel';
import 'llm-config-manager/shelter';
import 'llm-config-manager/rotation';
import 'llm-config-manager/snapshot';
import 'llm-config-manager/sync';
import 'llm-config-manager/testing';
import 'llm-config-manager/toml';
import 'llm-config-manager/vault';
import 'llm-config-manager/yaml';

await using chain = new ProviderChain([new MemoryProvider({ database: { host: 'localhost' } })]);
const entry = await chain.get('database.host');
export const host: string | undefined = entry && `${entry.value}`;
