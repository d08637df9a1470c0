// `npm run soak` runs the incidents for half a minute each, and prints a table. `-- --seconds 60` runs them
// for longer, `-- wipe denied` only these, and `-- --write` puts the result into docs/incidents.md and into
// the page of each incident. Needs the servers of the live tests: see ../README.md.

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fill } from '../../../bench/page.ts';
import { closedWhileStopped } from './closing.ts';
import { incidents } from './incidents.ts';
import { complaintsOf, run } from './run.ts';
import { pageOf, summary, table } from './table.ts';
import type { Row } from './tally.ts';
import { World } from './world.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '30' }, write: { type: 'boolean', default: false } },
});
const seconds = Number(values.seconds);
const unknown = positionals.filter((name) => !incidents.some((incident) => incident.name === name));
if (unknown.length > 0 || !(seconds > 0))
  throw new Error(`Choose from ${incidents.map(({ name }) => name).join('; ')}, and --seconds above 0`);

const complaints: string[] = [];
process.on('unhandledRejection', (error) => complaints.push(`a rejection was not handled: ${error}`));
const rows: Row[] = [];

const world = await World.open({ readers: 200, seconds });
for (const incident of incidents) {
  if (positionals.length > 0 && !positionals.includes(incident.name)) continue;
  console.error(`while ${incident.happens}`);
  const found = await run(world, incident);
  rows.push(...found);
  complaints.push(...complaintsOf(incident, found).map((one) => `${incident.name}: ${one}`));
}
const { ms } = await closedWhileStopped(world.stores);
const startedAt = performance.now();
await world[Symbol.asyncDispose]();

console.log(table(rows));
console.log(`\nclose() while Vault is stopped: ${Math.round(ms)} ms; of all clients: ${since(startedAt)} ms`);
console.log(complaints.length === 0 ? 'Everything holds.' : complaints.join('\n'));
if (values.write) {
  const hasPage = (name: string) =>
    existsSync(new URL(`../../../docs/incidents/${pageOf(name)}`, import.meta.url));
  const link = (name: string, happens: string) =>
    hasPage(name) ? `[${happens}](incidents/${pageOf(name)})` : happens;
  fill('docs/incidents.md', { incidents: summary(rows, incidents, link) });
  for (const one of incidents.filter(({ name }) => hasPage(name)))
    fill(`docs/incidents/${pageOf(one.name)}`, { incident: summary(rows, [one]) });
}
if (complaints.length > 0) process.exitCode = 1;

function since(start: number): number {
  return Math.round(performance.now() - start);
}
