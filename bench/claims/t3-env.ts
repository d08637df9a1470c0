import { equal, match, ok } from 'node:assert/strict';
import { z } from 'zod';
import { peer } from '../compare.ts';
import { type Claims, outputOf, printed, thrown } from './claim.ts';

interface T3Env {
  createEnv(options: object): Record<string, unknown>;
}
const { createEnv } = await peer<T3Env>('@t3-oss/env-core');
const make = (server: object, runtimeEnv: object, more: object = {}) =>
  createEnv({ server, runtimeEnv, ...more });

export const claims: Claims = {
  'A Standard Schema validates the variables on import. Reads are synchronous and typed.': () =>
    equal(make({ PORT: z.coerce.number() }, { PORT: '80' }).PORT, 80),
  'A server variable cannot be read in a browser.': async () => {
    const env = make({ TOKEN: z.string() }, {}, { clientPrefix: 'PUBLIC_', client: {}, isServer: false });
    match((await thrown(() => env.TOKEN)).message, /server-side/);
  },
  'The error names all invalid variables at once.': async () => {
    const output = await outputOf(() => thrown(() => make({ A: z.string(), B: z.string() }, {})));
    match(output, /A.*B/s);
  },
  'Only the schema converts strings: `z.coerce.boolean()` reads `"false"` as `true`.': () =>
    equal(make({ DEBUG: z.coerce.boolean() }, { DEBUG: 'false' }).DEBUG, true),
  'A printed environment shows its secrets.': () =>
    ok(printed(make({ TOKEN: z.string() }, { TOKEN: 'fake-secret' })).includes('fake-secret')),
};
