// Closes a service while its servers are stopped, as a platform does that ends an instance in an outage.

import { serve } from '../vault-server.ts';
import { Client, codeOf, setups } from './client.ts';
import type { Stores } from './stores.ts';

export interface Closed {
  readonly ms: number;
  /** The code that a waiting read ended with. */
  readonly code: string;
  /** What `close` reported as left. */
  readonly notices: readonly string[];
}

export async function closedWhileStopped(stores: Stores): Promise<Closed> {
  const client = await Client.open(stores, setups[0] as (typeof setups)[number], 20);
  const notices: string[] = [];
  client.vault.on((event) => event.type === 'notice' && notices.push(event.message));
  await client.chain.getMany(['lease.username']); // a lease to revoke
  await serve('pause', 'vault');
  try {
    const code = client.chain.get('v.a.x', { maxAgeMs: 0 }).then(() => 'answered', codeOf);
    const startedAt = performance.now();
    await client.close();
    return { ms: performance.now() - startedAt, code: await code, notices };
  } finally {
    await serve('resume', 'vault');
  }
}
