import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';

/** Key Vault's documented error codes, the inner ones first, by what they mean here and what helps. */
export const codes: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  SecretDisabled: ['disabled', 'Enable the secret, or set a new version'],
  SecretNotYetValid: ['disabled', 'Wait for its activation date, or change it'],
  SecretExpired: ['disabled', 'Set a new version, or move its expiry date'],
  ForbiddenByRbac: ['access_denied', 'Assign the role Key Vault Secrets User on the vault or the secret'],
  ForbiddenByPolicy: ['access_denied', "Allow get and list in the vault's access policy for this identity"],
  AccessDenied: ['access_denied', "Allow get and list in the vault's access policy for this identity"],
  ForbiddenByFirewall: ['access_denied', "Allow this address or network in the vault's firewall, or use its private endpoint"],
  ForbiddenByConnection: ['access_denied', 'Public access is off: use the private endpoint of the vault'],
  SecretNotFound: ['not_found', 'Look at the name and the version'],
  VaultNotFound: ['unavailable', 'Look at the url of the vault'],
  ObjectIsDeletedButRecoverable: ['conflict', 'Recover or purge the deleted secret'],
  ObjectIsBeingDeleted: ['conflict', 'Wait until it is deleted'],
  ObjectIsBeingRecovered: ['conflict', 'Wait until it is recovered'],
  Conflict: ['conflict', 'Read it again, and decide anew'],
  Throttled: ['throttled', 'Lower limits.perSecond'],
  Unauthorized: ['unauthenticated', 'Look at the credential: expired, or of another tenant'],
  AuthenticationError: ['unauthenticated', 'Look at the credential: expired, or of another tenant'],
  CredentialUnavailableError: [
    'unauthenticated',
    'Run az login, set AZURE_CLIENT_ID and the like, or run where a managed identity is attached',
  ],
  AuthenticationRequiredError: ['unauthenticated', 'Log in, or give the provider a credential'],
  AggregateAuthenticationError: [
    'unauthenticated',
    'Run az login, set AZURE_CLIENT_ID and the like, or run where a managed identity is attached',
  ],
  BadParameter: ['invalid_option', 'Look at the names and options: the vault refuses this request for good'],
  Forbidden: ['access_denied', 'Assign the role Key Vault Secrets User, or allow get and list in the access policy'],
};

const byStatus: Readonly<Record<number, string>> = {
  400: 'BadParameter',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'SecretNotFound',
  409: 'Conflict',
  429: 'Throttled',
};

interface Raw {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly error?: { readonly code?: unknown; readonly innererror?: { readonly code?: unknown } } };
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } };
}

/** An error of Azure's client rebuilt from its codes alone: its request holds the token. */
export function classify(error: unknown, { provider, resource }: { readonly provider: string; readonly resource: string }): ConfigError {
  if (isConfigError(error)) return error;
  const raw = (typeof error === 'object' && error !== null ? error : {}) as Raw;
  const inner = raw.details?.error;
  const said = [inner?.innererror?.code, inner?.code, raw.code, raw.name].find(
    (one): one is string => typeof one === 'string' && Object.hasOwn(codes, one),
  );
  const status = typeof raw.statusCode === 'number' ? raw.statusCode : undefined;
  const name = said ?? (status === undefined ? undefined : byStatus[status]);
  const [code, hint] = codes[name ?? ''] ?? [
    raw.name === 'AbortError' || status === 408 || status === 504 ? 'timeout' : 'unavailable',
    'Look at the network and the state of the vault',
  ];
  const retryAfter = Number(raw.response?.headers?.get?.('retry-after'));
  return new ConfigError(code, `${provider}: ${resource}: ${name ?? 'no answer'}${status ? ` (HTTP ${status})` : ''}`, {
    provider,
    hint,
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  });
}
