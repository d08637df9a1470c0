// Runs one incident, waits until every client has recovered, and says what does not hold.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Incident } from './incidents.ts';
import type { Requests, Row } from './tally.ts';
import type { World } from './world.ts';

const difference = (a: Requests, b: Requests): Requests => ({ vault: a.vault - b.vault, ssm: a.ssm - b.ssm });
const heap = (): number => process.memoryUsage().heapUsed / 2 ** 20;

export async function run(world: World, incident: Incident): Promise<readonly Row[]> {
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const before = world.clients.map((client) => ({
    client,
    tally: client.count(),
    requests: client.requests,
  }));
  const heapBefore = heap();
  const startedAt = performance.now();
  await incident.run(world);
  const endedAt = performance.now();
  const lifted = world.clients.map(({ requests }) => requests);
  await world.recovered();
  world.stores.empty = undefined;
  lag.disable();
  return before.map(({ client, tally, requests }, n) => ({
    incident: incident.name,
    client: client.name,
    holds: client.holds,
    tally,
    seconds: (endedAt - startedAt) / 1000,
    during: difference(lifted[n] as Requests, requests),
    after: difference(client.requests, lifted[n] as Requests),
    recoveryMs: Math.max(tally.lastErrorAt - endedAt, 0),
    maxLagMs: lag.max / 1e6,
    heapMb: heap() - heapBefore,
  }));
}

const transient = ['unavailable', 'throttled', 'timeout', 'circuit_open'];

/** What does not hold in the rows of an incident. Empty: everything is fine. */
export function complaintsOf(incident: Incident, rows: readonly Row[]): readonly string[] {
  const codes = [...transient, ...(incident.codes ?? [])];
  const { perSecond, atOnce } = incident.requests ?? { perSecond: 40, atOnce: 80 };
  const found = rows.flatMap(({ client, tally, seconds, during }) => {
    const others = [...tally.errors.keys()].filter((code) => !codes.includes(code));
    const limit = atOnce + perSecond * seconds;
    const wrong = tally.wrong + tally.wrongLooks;
    return [
      ...(wrong > 0 ? [`${client}: ${wrong} wrong answers, such as ${tally.examples.join('; ')}`] : []),
      ...(others.length > 0 ? [`${client}: errors with the codes ${others.join(', ')}`] : []),
      ...(tally.right === 0 ? [`${client}: no right answer at all`] : []),
      ...Object.entries(during).flatMap(([store, n]) =>
        n > limit ? [`${client}: ${n} requests to ${store} in ${seconds.toFixed(1)} s`] : [],
      ),
    ];
  });
  return [...found, ...(incident.complaints?.(rows) ?? [])];
}
