import { describe, expect, it } from 'vitest';
import { isUntrusted } from '../../src/remote/network.ts';

describe('a server that is not believed', () => {
  it.each([
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, true],
    [{ code: 'CERT_HAS_EXPIRED' }, true],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, true],
    [{ code: 14, message: 'No connection established. Last error: self-signed certificate' }, true],
    [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, false],
    [{}, false],
  ])('is told by a code or in words: %j', (error, untrusted) => {
    expect(isUntrusted(error)).toBe(untrusted);
  });
});
