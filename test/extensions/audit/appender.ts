// A process of the tests: 50 writers append entries and report each acknowledged number, until it is
// killed. With `full` as third argument, it goes on after failures and ends when 5 batches have failed or
// 3,000 are written.
import { AuditLog } from '../../../src/extensions/audit/log.ts';
import { access, origin, testKey } from './opened.ts';

const [directory = '', , mode] = process.argv.slice(1) as [string, string, string?];
const log = await AuditLog.open({
  directory: process.argv[2] ?? directory,
  origin,
  key: testKey(1),
  host: 'host',
  instance: 'one',
});
let failures = 0;
let number = 0;
const write = async (): Promise<void> => {
  while (failures < 5 && number < 3_000) {
    const own = number++;
    try {
      const { index } = await log.append(access(own));
      process.send?.({ index });
    } catch (error) {
      failures++;
      process.send?.({ failed: (error as Error).message });
    }
  }
};
await Promise.all(Array.from({ length: 50 }, write));
if (mode !== undefined) process.send?.({ size: log.size });
await log.close().catch(() => undefined);
process.disconnect?.();
