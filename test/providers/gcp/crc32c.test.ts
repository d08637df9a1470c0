import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/providers/gcp/crc32c.ts';

describe('CRC-32C', () => {
  it.each([
    ['', 0],
    ['123456789', 0xe3069283],
    ['\0'.repeat(32), 0x8a9136aa],
  ])('crc32c of %j is %i', (text, sum) => {
    expect(crc32c(Buffer.from(text))).toBe(sum);
  });
});
