// `llm-config-manager/fastify`: a configuration as `app.config`.

export { type ConfigPluginOptions, configPlugin, type Registered } from './plugin.ts';
