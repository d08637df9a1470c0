export { loadConfigSync } from './load-config-sync.ts';
