// How failures below a store's own protocol look: no connection, an untrusted certificate, another server,
// "retry later". Used by the AWS, GCP, Azure and Vault providers to classify errors. Looks at codes, headers
// and known phrases. Never returns a client's message, which may quote a secret.

const unreachableCodes = /^(?:ECONN|ENOTFOUND|ETIMEDOUT|EAI_|EPIPE|EHOST|ENET|UND_ERR)\w*$/;

/** Whether an error code means that no connection was made or kept. */
export const isUnreachable = (code: unknown): code is string =>
  typeof code === 'string' && unreachableCodes.test(code);

const untrustedCodes =
  /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/;
const untrustedPhrases = new RegExp(
  [
    'self.signed certificate',
    'unable to (?:verify the first|get (?:local )?issuer) certificate',
    'certificate has expired',
    "certificate's altnames",
  ].join('|'),
  'i',
);

/** Whether an error means that the server's certificate was rejected. gRPC has no code for this, so known
 *  phrases in the message count too. */
export function isUntrusted({
  code,
  message,
}: {
  readonly code?: unknown;
  readonly message?: unknown;
}): boolean {
  return (
    (typeof code === 'string' && untrustedCodes.test(code)) ||
    (typeof message === 'string' && untrustedPhrases.test(message))
  );
}

/** The hint for an untrusted certificate. */
export const untrustedHint =
  'Check for a proxy, and set NODE_EXTRA_CA_CERTS to the certificate authority to trust';

/** The hint for a response that does not come from the store. */
export const wrongServerHint = 'Check for a proxy or another server at that address';

/** The delay that a Retry-After header asks for. The header holds seconds or a date. */
export function retryAfterMs(header: unknown): number | undefined {
  const text = typeof header === 'string' ? header : '';
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : undefined;
}
