// `llm-config-manager/openfeature`: a section of a configuration as feature flags.

export { ConfigFlags } from './provider.ts';
