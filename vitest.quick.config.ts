import { read } from './scripts/files.ts';
import { configOf, tests } from './vitest.config.ts';

/** Tests that start processes or derive keys from passwords. */
const costly = /child_process|worker_threads|support\/(?:program|dying|hanging|reader)|\bpassword\(|pbkdf2/;
/** Tests that take seconds for other reasons: thousands of random cases, real timers, whole suites. */
const slow = [
  'test/chain/conventional-names.test.ts',
  'test/chain/property.test.ts',
  'test/conformance/',
  'test/examples.test.ts',
  'test/formats/format.test.ts',
  'test/providers/garbage.test.ts',
  'test/providers/vault/conformance.test.ts',
  'test/shelter/agreement.test.ts',
  'test/shelter/fleet.test.ts',
  'test/shelter/model.test.ts',
  'test/testing/',
];

// `npm run test:quick`, for while you edit: no processes, no key derivation, nothing that takes seconds.
export default configOf(
  tests.filter((file) => !slow.some((one) => file.startsWith(one)) && !costly.test(read(file))),
);
