// `llm-config-manager/redis`: what the processes of an application share over Redis.

export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.ts';
export { type PaceOptions, type Shared, type SharedOptions, shared } from './shared.ts';
