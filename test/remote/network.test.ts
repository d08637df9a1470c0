import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isUntrusted, retryAfterMs } from '../../src/remote/network.ts';

describe('isUntrusted', () => {
  it.each([
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, true],
    [{ code: 'CERT_HAS_EXPIRED' }, true],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, true],
    [{ code: 14, message: 'No connection established. Last error: self-signed certificate' }, true],
    [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, false],
    [{}, false],
  ])('isUntrusted decides by code or phrase: %j is %s', (error, untrusted) => {
    expect(isUntrusted(error)).toBe(untrusted);
  });
});

describe('retryAfterMs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

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
  ])('the header Retry-After %j means a pause of %s ms', (header, ms) => {
    expect(retryAfterMs(header)).toBe(ms);
  });
});
