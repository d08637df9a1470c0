export { type ConfigPluginOptions, configPlugin, type Registered } from './plugin.ts';
