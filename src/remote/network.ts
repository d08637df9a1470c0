const unreachable = /^(?:ECONN|ENOTFOUND|ETIMEDOUT|EAI_|EPIPE|EHOST|ENET|UND_ERR)\w*$/;

/** Whether a code says that the network, and nobody's server, has failed. */
export const isUnreachable = (code: unknown): code is string =>
  typeof code === 'string' && unreachable.test(code);

/** What to look at when an answer is not the store's. */
export const wrongServerHint = 'Is a proxy, or another server, at that address?';

const untrustedCodes =
  /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/;
const untrustedWords =
  /self.signed certificate|unable to (?:verify the first|get (?:local )?issuer) certificate|certificate has expired|certificate's altnames/i;

/** Whether a server was not believed to be who it says: some clients tell by a code, some in words alone. */
export function isUntrusted({
  code,
  message,
}: {
  readonly code?: unknown;
  readonly message?: unknown;
}): boolean {
  return (
    (typeof code === 'string' && untrustedCodes.test(code)) ||
    (typeof message === 'string' && untrustedWords.test(message))
  );
}

/** How long a Retry-After header asks to wait: it holds seconds, or a date. */
export function retryAfterMs(header: unknown): number | undefined {
  const text = typeof header === 'string' ? header : '';
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : undefined;
}
