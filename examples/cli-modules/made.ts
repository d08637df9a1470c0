import { BundleProvider, EnvProvider, ProviderChain } from 'llm-config-manager';
import { schema } from './config.ts';

export default async function () {
  const env = new EnvProvider({ prefix: 'APP' });
  const stage = (await env.get('stage'))?.value ?? 'base';
  return { schema, chain: new ProviderChain([env, new BundleProvider(`config/${stage}.yaml`)]) };
}
