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
  'Formats, defaults, variables and documentation of a key stand together in one schema; reads are synchronous.':
    () => equal(make().get('password'), 'fake-secret'),
  '`validate` tells all problems at once, and quotes the values that are not `sensitive`.': async () => {
    const field = { format: ['a', 'b'], default: 'a', env: 'CLAIMED_PASSWORD' };
    const told = async (sensitive: boolean): Promise<string> =>
      (await thrown(() => convict({ one: { ...field, sensitive }, two: { ...field, sensitive } }).validate()))
        .message;
    match(await told(false), /one: .*fake-secret.*two: /s);
    ok(!(await told(true)).includes('fake-secret'));
  },
  '`validate({ allowed: "strict" })` refuses keys that the schema does not know.': async () =>
    match(
      (await thrown(() => make().load({ passwrod: 'x' }).validate({ allowed: 'strict' }))).message,
      /passwrod/,
    ),
  'The format `Number` takes a variable that is no number for `NaN`, and `validate` lets it pass.': () => {
    const config = convict({ port: { format: Number, default: 80, env: 'CLAIMED_PORT' } });
    config.validate();
    ok(Number.isNaN(config.get('port')));
  },
  'What is `sensitive` is masked by `toString()`, and shown by `getProperties()`, `JSON.stringify` and `inspect`.':
    () => {
      const config = make();
      ok(!`${config}`.includes('fake-secret'));
      match(printed(config.getProperties()), /fake-secret/);
      match(printed(config), /fake-secret/);
    },
  'Nothing is kept about where a value came from.': () => ok(!('getOrigin' in make())),
};
