import { equal, match, ok } from 'node:assert/strict';
import { z } from 'zod';
import { peer } from '../compare.ts';
import { type Claims, printed, thrown, told } from './claim.ts';

interface T3Env {
  createEnv(options: object): Record<string, unknown>;
}
const { createEnv } = await peer<T3Env>('@t3-oss/env-core');
const make = (server: object, runtimeEnv: object, more: object = {}) =>
  createEnv({ server, runtimeEnv, ...more });

export const claims: Claims = {
  'Variables are validated by any Standard Schema when the module is imported; reads are synchronous and typed.':
    () => equal(make({ PORT: z.coerce.number() }, { PORT: '80' }).PORT, 80),
  'A variable for servers cannot be read where the code runs in a browser.': async () => {
    const env = make({ TOKEN: z.string() }, {}, { clientPrefix: 'PUBLIC_', client: {}, isServer: false });
    match((await thrown(() => env.TOKEN)).message, /server-side/);
  },
  'Errors tell all variables at once, by name.': async () => {
    const said = await told(() => thrown(() => make({ A: z.string(), B: z.string() }, {})));
    match(said, /A.*B/s);
  },
  'Texts are read by the schema alone: `z.coerce.boolean()` makes `true` of `"false"`.': () =>
    equal(make({ DEBUG: z.coerce.boolean() }, { DEBUG: 'false' }).DEBUG, true),
  'Printed, it shows its secrets.': () =>
    ok(printed(make({ TOKEN: z.string() }, { TOKEN: 'fake-secret' })).includes('fake-secret')),
};
