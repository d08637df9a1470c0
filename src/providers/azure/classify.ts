// Turns errors of Azure's client into ConfigErrors. Used by `source.ts`. Builds each error from its codes
// alone: the error also holds the request, and with it the token. One table has Key Vault's codes, the
// names of credential errors, and names invented here for failures without a code (`UntrustedCertificate`,
// `TimedOut`, `NoResponse`).

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { isUnreachable, isUntrusted, retryAfterMs, untrustedHint } from '../../remote/network.ts';

const singleSecrets =
  'With roles on single secrets Azure denies missing secrets too: ' +
  'then name the existing ones in the option secrets';
const logInHint =
  'Run az login, set AZURE_CLIENT_ID and its companions, or run where a managed identity is attached';
const credentialHint = 'Check the credential: it may be wrong, expired or of another tenant';
const accessPolicyHint = "Allow get and list in the vault's access policy for this identity";

/** The error code and the hint of each name. */
export const codes: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  SecretDisabled: ['disabled', 'Enable the secret, or set a new version'],
  SecretNotYetValid: ['disabled', 'Wait for the activation date, or change it'],
  SecretExpired: ['disabled', 'Set a new version, or move the expiry date'],
  ForbiddenByRbac: [
    'access_denied',
    `Assign the role Key Vault Secrets User on the vault or the secret. ${singleSecrets}`,
  ],
  ForbiddenByPolicy: ['access_denied', accessPolicyHint],
  AccessDenied: ['access_denied', accessPolicyHint],
  ForbiddenByFirewall: [
    'access_denied',
    "Allow this address or network in the vault's firewall, or use its private endpoint",
  ],
  ForbiddenByConnection: ['access_denied', "Use the vault's private endpoint: its public access is off"],
  Forbidden: [
    'access_denied',
    `Assign the role Key Vault Secrets User, or allow get and list in the access policy. ${singleSecrets}`,
  ],
  SecretNotFound: ['not_found', 'Check the name and the version'],
  VaultNotFound: ['unavailable', 'Check the url of the vault'],
  ObjectIsDeletedButRecoverable: ['conflict', 'Recover or purge the deleted secret'],
  ObjectIsBeingDeleted: ['conflict', 'Wait until the secret is deleted'],
  ObjectIsBeingRecovered: ['conflict', 'Wait until the secret is recovered'],
  Conflict: ['conflict', 'Read the secret again, then write'],
  Throttled: ['throttled', 'Lower limits.perSecond'],
  Unauthorized: ['unauthenticated', 'Check the credential: it may be expired or of another tenant'],
  AuthenticationError: ['unauthenticated', credentialHint],
  AuthenticationRequiredError: ['unauthenticated', credentialHint],
  CredentialUnavailableError: ['unauthenticated', logInHint],
  AggregateAuthenticationError: ['unauthenticated', logInHint],
  ChallengeMismatch: [
    'invalid_option',
    'Check the url. Behind a domain of your own, set clientOptions.disableChallengeResourceVerification',
  ],
  BadParameter: ['invalid_option', 'Check names and options: a retry cannot succeed'],
  UntrustedCertificate: ['crypto', untrustedHint],
  TimedOut: ['timeout', 'Check the network and the status of the vault'],
  NoResponse: ['unavailable', 'Check the network, the url and the status of the vault'],
};

/** Some vaults and the log-in report these only in the message. */
const nameByMessage: readonly (readonly [phrase: RegExp, name: string])[] = [
  [/not allowed on a disabled secret/, 'SecretDisabled'],
  [/not allowed on an expired secret/, 'SecretExpired'],
  [/not allowed before the secret's nbf|not yet valid/, 'SecretNotYetValid'],
  [/deleted but recoverable state/, 'ObjectIsDeletedButRecoverable'],
  [/^The challenge resource .* does not match/, 'ChallengeMismatch'],
  [/^(?:endpoints_resolution_error|network_error)/, 'NoResponse'],
];

/** For a response without a known code. A vault's 404 has one: any other 404 comes from a gateway and must
 *  not make a secret absent. */
const nameByStatus: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NoResponse',
  408: 'TimedOut',
  409: 'Conflict',
  429: 'Throttled',
  504: 'TimedOut',
};

interface ClientError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly details?: {
    readonly error?: { readonly code?: unknown; readonly innererror?: { readonly code?: unknown } };
  };
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } };
}

export interface RequestInfo {
  readonly provider: string;
  readonly resource: string;
}

export function classify(error: unknown, { provider, resource }: RequestInfo): ConfigError {
  if (isConfigError(error)) return error;
  const clientError = fieldsOf(error);
  const status = statusOf(clientError);
  const name = nameOf(clientError);
  const [code, hint] = codes[name] as (typeof codes)[string];
  const reason = status ? `HTTP ${status}` : name === 'NoResponse' && networkCode(clientError);
  const retryMs = retryAfterMs(clientError.response?.headers?.get?.('retry-after'));
  return new ConfigError(code, `${provider}: ${resource}: ${name}${reason ? ` (${reason})` : ''}`, {
    provider,
    hint,
    ...(retryMs !== undefined && { retryAfterMs: retryMs }),
  });
}

/** Whether a write failed because a deleted secret has the name. */
export const isDeleted = (error: unknown): boolean =>
  nameOf(fieldsOf(error)) === 'ObjectIsDeletedButRecoverable';

const fieldsOf = (error: unknown): ClientError =>
  (typeof error === 'object' && error !== null ? error : {}) as ClientError;

const statusOf = ({ statusCode }: ClientError): number | undefined =>
  typeof statusCode === 'number' ? statusCode : undefined;

const networkCode = ({ code }: ClientError): string | undefined => (isUnreachable(code) ? code : undefined);

function nameOf(error: ClientError): string {
  const status = statusOf(error);
  if (isUntrusted(error)) return 'UntrustedCertificate';
  if (error.name === 'AbortError') return 'TimedOut';
  const message = typeof error.message === 'string' ? error.message : '';
  const byMessage = nameByMessage.find(([phrase]) => phrase.test(message));
  if (byMessage) return byMessage[1];
  // an AuthenticationError with a 5xx means that the log-in service failed, not that the credential is wrong
  if (status !== undefined && status >= 500) return nameByStatus[status] ?? 'NoResponse';
  const { error: body } = error.details ?? {};
  const known = [body?.innererror?.code, body?.code, error.code, error.name].find(
    (name): name is string => typeof name === 'string' && Object.hasOwn(codes, name),
  );
  if (known !== undefined) return known;
  if (status === undefined) return 'NoResponse';
  return nameByStatus[status] ?? (status >= 400 ? 'BadParameter' : 'NoResponse');
}
