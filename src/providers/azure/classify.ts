import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { isUnreachable, isUntrusted, retryAfterMs } from '../../remote/network.ts';

const perSecret =
  'where it is assigned secret by secret, what does not exist is denied too: name what does in the option secrets';
const logIn = 'Run az login, set AZURE_CLIENT_ID and the like, or run where a managed identity is attached';

/** Key Vault's documented error codes, the inner ones first, by what they mean here and what helps. */
export const codes: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  SecretDisabled: ['disabled', 'Enable the secret, or set a new version'],
  SecretNotYetValid: ['disabled', 'Wait for its activation date, or change it'],
  SecretExpired: ['disabled', 'Set a new version, or move its expiry date'],
  ForbiddenByRbac: [
    'access_denied',
    `Assign the role Key Vault Secrets User on the vault or the secret; ${perSecret}`,
  ],
  ForbiddenByPolicy: ['access_denied', "Allow get and list in the vault's access policy for this identity"],
  AccessDenied: ['access_denied', "Allow get and list in the vault's access policy for this identity"],
  ForbiddenByFirewall: [
    'access_denied',
    "Allow this address or network in the vault's firewall, or use its private endpoint",
  ],
  ForbiddenByConnection: ['access_denied', 'Public access is off: use the private endpoint of the vault'],
  Forbidden: [
    'access_denied',
    `Assign the role Key Vault Secrets User, or allow get and list in the access policy; ${perSecret}`,
  ],
  SecretNotFound: ['not_found', 'Look at the name and the version'],
  VaultNotFound: ['unavailable', 'Look at the url of the vault'],
  ObjectIsDeletedButRecoverable: ['conflict', 'Recover or purge the deleted secret'],
  ObjectIsBeingDeleted: ['conflict', 'Wait until it is deleted'],
  ObjectIsBeingRecovered: ['conflict', 'Wait until it is recovered'],
  Conflict: ['conflict', 'Read it again, and decide anew'],
  Throttled: ['throttled', 'Lower limits.perSecond'],
  Unauthorized: ['unauthenticated', 'Look at the credential: expired, or of another tenant'],
  AuthenticationError: ['unauthenticated', 'Look at the credential: wrong, expired, or of another tenant'],
  AuthenticationRequiredError: [
    'unauthenticated',
    'Look at the credential: wrong, expired, or of another tenant',
  ],
  CredentialUnavailableError: ['unauthenticated', logIn],
  AggregateAuthenticationError: ['unauthenticated', logIn],
  ChallengeMismatch: [
    'invalid_option',
    'Look at the url; for a vault behind an address of your own set clientOptions.disableChallengeResourceVerification',
  ],
  BadParameter: ['invalid_option', 'Look at the names and options: the vault refuses this request for good'],
  NotTrusted: [
    'crypto',
    'The certificate of the server is not trusted: look at the proxy, and at NODE_EXTRA_CA_CERTS',
  ],
  TimedOut: ['timeout', 'Look at the network and the state of the vault'],
  NoAnswer: ['unavailable', 'Look at the network, the url and the state of the vault'],
};

/** What some vaults and the log-in say in words alone. */
const byWords: readonly (readonly [words: RegExp, name: string])[] = [
  [/not allowed on a disabled secret/, 'SecretDisabled'],
  [/not allowed on an expired secret/, 'SecretExpired'],
  [/not allowed before the secret's nbf|not yet valid/, 'SecretNotYetValid'],
  [/deleted but recoverable state/, 'ObjectIsDeletedButRecoverable'],
  [/^The challenge resource .* does not match/, 'ChallengeMismatch'],
  [/^(?:endpoints_resolution_error|network_error)/, 'NoAnswer'],
];

/** Of an answer that says no more. A 404 that is not the vault's own is a gateway's, and no absence. */
const byStatus: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NoAnswer',
  408: 'TimedOut',
  409: 'Conflict',
  429: 'Throttled',
  504: 'TimedOut',
};

interface Raw {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly details?: {
    readonly error?: { readonly code?: unknown; readonly innererror?: { readonly code?: unknown } };
  };
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } };
}

/** An error of Azure's client rebuilt from its codes alone: its request holds the token. */
export function classify(
  error: unknown,
  { provider, resource }: { readonly provider: string; readonly resource: string },
): ConfigError {
  if (isConfigError(error)) return error;
  const raw = (typeof error === 'object' && error !== null ? error : {}) as Raw;
  const status = typeof raw.statusCode === 'number' ? raw.statusCode : undefined;
  const name = nameOf(raw, status);
  const [code, hint] = codes[name] as (typeof codes)[string];
  const more = status
    ? ` (HTTP ${status})`
    : name === 'NoAnswer' && isUnreachable(raw.code)
      ? ` (${raw.code})`
      : '';
  const later = retryAfterMs(raw.response?.headers?.get?.('retry-after'));
  return new ConfigError(code, `${provider}: ${resource}: ${name}${more}`, {
    provider,
    hint,
    ...(later !== undefined && { retryAfterMs: later }),
  });
}

function nameOf(raw: Raw, status: number | undefined): string {
  if (isUntrusted(raw)) return 'NotTrusted';
  if (raw.name === 'AbortError') return 'TimedOut';
  const words =
    typeof raw.message === 'string'
      ? byWords.find(([pattern]) => pattern.test(raw.message as string))
      : undefined;
  if (words) return words[1];
  // a log-in that failed on the other side says nothing about who asked
  if (status !== undefined && status >= 500) return byStatus[status] ?? 'NoAnswer';
  const inner = raw.details?.error;
  const said = [inner?.innererror?.code, inner?.code, raw.code, raw.name].find(
    (one): one is string => typeof one === 'string' && Object.hasOwn(codes, one),
  );
  return (
    said ??
    (status === undefined ? 'NoAnswer' : (byStatus[status] ?? (status >= 400 ? 'BadParameter' : 'NoAnswer')))
  );
}
