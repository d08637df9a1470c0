import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retryAfterMs } from '../../src/remote/network.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Retry-After', () => {
  it.each([
    ['7', 7_000],
    ['0.5', 500],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:30 GMT', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1e999', undefined],
    ['soon', undefined],
    ['', undefined],
    [7, undefined],
    [undefined, undefined],
  ])('%j is to wait %s ms', (header, ms) => {
    expect(retryAfterMs(header)).toBe(ms);
  });
});
