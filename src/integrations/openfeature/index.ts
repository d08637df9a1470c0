export { ConfigFlags } from './provider.ts';
