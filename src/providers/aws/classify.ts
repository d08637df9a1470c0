import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';

/** Every error name that the three services document, and the few that the SDK makes itself, by what they mean here. */
const names: Readonly<Partial<Record<ErrorCode, readonly string[]>>> = {
  not_found: [
    'ParameterNotFound',
    'ParameterVersionNotFound',
    'ResourceNotFoundException',
    'NotFoundException',
    'DoesNotExistException',
    'XksKeyNotFoundException',
    'CustomKeyStoreNotFoundException',
    'CloudHsmClusterNotFoundException',
    'OpsItemNotFoundException',
    'OpsMetadataNotFoundException',
    'ServiceSettingNotFound',
    'ResourcePolicyNotFoundException',
  ],
  access_denied: [
    'AccessDeniedException',
    'AccessDenied',
    'UnauthorizedOperation',
    'NotAuthorized',
    'OptInRequired',
    'OpsItemAccessDeniedException',
    'PublicPolicyException',
    'UnauthorizedException',
  ],
  unauthenticated: [
    'ExpiredToken',
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'InvalidClientTokenId',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'CredentialsProviderError',
    'TokenProviderError',
    'RequestExpired',
    'AuthFailure',
    'InvalidAccessKeyId',
  ],
  throttled: [
    'ThrottlingException',
    'Throttling',
    'TooManyRequestsException',
    'RequestThrottled',
    'RequestThrottledException',
    'RequestLimitExceeded',
    'ProvisionedThroughputExceededException',
    'BandwidthLimitExceeded',
    'SlowDown',
    'PriorRequestNotComplete',
    'TooManyUpdates',
    'OpsMetadataTooManyUpdatesException',
    'LimitExceededException',
  ],
  unavailable: [
    'InternalServerError',
    'InternalServiceError',
    'InternalFailure',
    'InternalError',
    'ServiceUnavailable',
    'ServiceUnavailableException',
    'KMSInternalException',
    'DependencyTimeoutException',
    'KeyUnavailableException',
    'XksProxyUriUnreachableException',
    'CloudHsmClusterNotActiveException',
    'NetworkingError',
    'SocketError',
  ],
  timeout: ['TimeoutError', 'RequestTimeout', 'RequestTimeoutException'],
  disabled: ['DisabledException', 'KMSInvalidStateException', 'CustomKeyStoreInvalidStateException'],
  crypto: [
    'DecryptionFailure',
    'EncryptionFailure',
    'InvalidKeyId',
    'InvalidCiphertextException',
    'IncorrectKeyException',
    'InvalidKeyUsageException',
    'IncorrectKeyMaterialException',
    'KMSInvalidMacException',
    'KMSInvalidSignatureException',
    'InvalidGrantTokenException',
    'InvalidGrantIdException',
  ],
  conflict: [
    'ParameterAlreadyExists',
    'ResourceExistsException',
    'AlreadyExistsException',
    'ConflictException',
    'ResourceInUseException',
    'PreconditionNotMetException',
    'HierarchyTypeMismatchException',
    'ParameterMaxVersionLimitExceeded',
    'IdempotentParameterMismatch',
  ],
  quota_exceeded: [
    'ParameterLimitExceeded',
    'HierarchyLevelLimitExceededException',
    'ServiceQuotaExceededException',
    'ResourceLimitExceededException',
  ],
};
const codes = new Map<string, ErrorCode>(
  Object.entries(names).flatMap(([code, list]) => (list ?? []).map((name) => [name, code as ErrorCode] as const)),
);

/** What a name means; any other documented refusal is a request that will never succeed. */
export function codeOf(name: string): ErrorCode | undefined {
  return (
    codes.get(name) ?? (/^(?:Invalid|Unsupported|Malformed|Validation|Incompatible|Incorrect)/.test(name) ? 'invalid_option' : undefined)
  );
}

const network = /^(?:ECONN|ENOTFOUND|EAI_|EPIPE|EHOST|ENET|ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/;

export interface Asked {
  readonly service: string;
  /** As an IAM policy names it: `ssm:GetParameters`. */
  readonly action: string;
  readonly resource: string;
}

interface Raw {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** An SDK's error rebuilt from its name, code and status alone: its message may quote what was sent. */
export function classify(error: unknown, asked: Asked): ConfigError {
  if (isConfigError(error)) return error;
  const { name, code, $metadata, $response } = (typeof error === 'object' && error !== null ? error : {}) as Raw;
  const status = $metadata?.httpStatusCode;
  const said = typeof name === 'string' && /^\w+$/.test(name) ? name : 'an unknown error';
  const found = meaning(said, typeof code === 'string' ? code : '', status);
  const retryAfter = Number($response?.headers?.['retry-after']);
  return new ConfigError(found, `${asked.service}: ${asked.resource}: ${said}${status ? ` (HTTP ${status})` : ''}`, {
    provider: asked.service,
    hint: hint(found, asked),
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  });
}

function meaning(name: string, code: string, status: number | undefined): ErrorCode {
  const known = codeOf(name);
  if (known) return known;
  if (name === 'AbortError') return 'timeout';
  if (network.test(code)) return 'unavailable';
  if (status === 429) return 'throttled';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'access_denied';
  if (status === 404) return 'not_found';
  if (status !== undefined && status < 500) return 'invalid_option';
  return 'unavailable';
}

function hint(code: ErrorCode, { action, resource }: Asked): string {
  if (code === 'access_denied')
    return `Allow ${action} on ${resource} (and kms:Decrypt on its key, if it has one of its own) in the caller's IAM policy`;
  if (code === 'unauthenticated') return 'Look at the credentials: expired, revoked, or for another account';
  if (code === 'throttled') return 'Lower limits.perSecond, or raise the quota';
  if (code === 'crypto') return 'Look at the KMS key: deleted, of another account, or not allowed to the caller';
  if (code === 'disabled') return 'Enable the KMS key';
  if (code === 'invalid_option') return 'Look at names and options: AWS refuses this request for good';
  if (code === 'not_found') return 'Look at the name, the version and the region';
  return 'Look at the network, the region and the state of AWS';
}
