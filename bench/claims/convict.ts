import { equal, match, ok } from 'node:assert/strict';
import { peer } from '../compare.ts';
import { type Claims, printed, thrown } from './claim.ts';

interface Convict {
  get(key: string): unknown;
  getProperties(): object;
  validate(options?: object): Convict;
  load(values: object): Convict;
}
const { default: convict } = await peer<{ default: (schema: object) => Convict }>('convict');
Object.assign(process.env, { CLAIMED_PASSWORD: 'fake-secret', CLAIMED_PORT: 'abc' });
const make = (): Convict =>
  convict({ password: { format: String, default: '', env: 'CLAIMED_PASSWORD', sensitive: true } });

export const claims: Claims = {
  'One schema has the format, default, variable and documentation of each key. Reads are synchronous.': () =>
    equal(make().get('password'), 'fake-secret'),
  '`validate` reports all problems at once and quotes values that are not `sensitive`.': async () => {
    const field = { format: ['a', 'b'], default: 'a', env: 'CLAIMED_PASSWORD' };
    const report = async (sensitive: boolean): Promise<string> =>
      (await thrown(() => convict({ one: { ...field, sensitive }, two: { ...field, sensitive } }).validate()))
        .message;
    match(await report(false), /one: .*fake-secret.*two: /s);
    ok(!(await report(true)).includes('fake-secret'));
  },
  '`validate({ allowed: "strict" })` refuses keys that are not in the schema.': async () =>
    match(
      (await thrown(() => make().load({ passwrod: 'x' }).validate({ allowed: 'strict' }))).message,
      /passwrod/,
    ),
  'The format `Number` reads a variable that is not a number as `NaN`, and `validate` accepts it.': () => {
    const config = convict({ port: { format: Number, default: 80, env: 'CLAIMED_PORT' } });
    config.validate();
    ok(Number.isNaN(config.get('port')));
  },
  '`toString()` masks `sensitive` values; `getProperties()`, `JSON.stringify` and `inspect` show them.':
    () => {
      const config = make();
      ok(!`${config}`.includes('fake-secret'));
      match(printed(config.getProperties()), /fake-secret/);
      match(printed(config), /fake-secret/);
    },
  'The origin of a value is not kept.': () => ok(!('getOrigin' in make())),
};
