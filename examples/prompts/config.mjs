import { BundleProvider } from 'llm-config-manager';

export const sources = () => [
  new BundleProvider({ path: 'prompts.lock.json', optional: true }),
  new BundleProvider('llm.yaml'),
];
