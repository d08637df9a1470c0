import type { ConfigError } from '../../src/errors.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { FakeSource, hang } from './fake-source.ts';

const source = new FakeSource({}, { befall: hang });
const provider = sheltered(source, { resilience: { timeoutMs: 60, deadlineMs: 100 } });
const waiting = Array.from({ length: 50 }, () =>
  provider.get('token').catch((error: ConfigError) => error.code),
);

Promise.all(waiting).then((codes) => {
  const endedAt = Date.now();
  process.once('beforeExit', () => {
    const soon = Date.now() - endedAt < 10_000;
    process.stdout.write(
      `${codes.length} ${[...new Set(codes)].join()}, loop empty ${soon ? 'at once' : 'late'}`,
    );
  });
});
