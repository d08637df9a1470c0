// In place of a client whose server is away. In production:
//   import { createClient } from 'redis';      const client = createClient({ url });
//   import { Redis } from 'ioredis';           const client = new Redis(url);
import type { NodeRedisClient } from 'llm-config-manager/redis';

export class Client implements NodeRedisClient {
  readonly isOpen = true;
  readonly isReady = false;

  on() {
    return this;
  }

  async connect() {
    throw new Error('connect ECONNREFUSED');
  }

  async evalSha() {
    throw new Error('The client is closed');
  }

  withTypeMapping() {
    return this;
  }
}
