import { BundleProvider, EnvProvider } from 'llm-config-manager';

export { schema } from './config.ts';

export const sources = () => [new EnvProvider({ prefix: 'APP' }), new BundleProvider('config/base.yaml')];
