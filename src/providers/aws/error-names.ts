// What the error names of AWS mean. Used by `classify.ts`. Lists the names that the commands in use can
// return, those that every AWS service can return, and the few that the SDK creates itself. Any other name
// is classified by its HTTP status.

import type { ErrorCode } from '../../errors.ts';

const names: Readonly<Partial<Record<ErrorCode, string>>> = {
  not_found: 'ParameterNotFound ParameterVersionNotFound ResourceNotFoundException NotFoundException',
  access_denied: 'AccessDeniedException AccessDenied UnauthorizedOperation NotAuthorized OptInRequired',
  unauthenticated: `
    ExpiredToken ExpiredTokenException UnrecognizedClientException InvalidSignatureException
    SignatureDoesNotMatch InvalidClientTokenId IncompleteSignature IncompleteSignatureException
    MissingAuthenticationToken MissingAuthenticationTokenException CredentialsProviderError
    TokenProviderError RequestExpired AuthFailure InvalidAccessKeyId`,
  throttled: `
    ThrottlingException Throttling TooManyRequestsException RequestThrottled RequestThrottledException
    RequestLimitExceeded ProvisionedThroughputExceededException BandwidthLimitExceeded SlowDown
    PriorRequestNotComplete TooManyUpdates LimitExceededException`,
  unavailable: `
    InternalServerError InternalServiceError InternalFailure InternalError ServiceUnavailable
    ServiceUnavailableException KMSInternalException DependencyTimeoutException KeyUnavailableException
    NetworkingError SocketError`,
  timeout: 'TimeoutError RequestTimeout RequestTimeoutException',
  aborted: 'AbortError',
  disabled: 'DisabledException KMSInvalidStateException',
  crypto: `
    DecryptionFailure EncryptionFailure InvalidKeyId InvalidCiphertextException IncorrectKeyException
    InvalidKeyUsageException InvalidGrantTokenException`,
  conflict: `
    InvalidRequestException ParameterAlreadyExists ResourceExistsException PreconditionNotMetException
    HierarchyTypeMismatchException ParameterMaxVersionLimitExceeded`,
  quota_exceeded: 'ParameterLimitExceeded HierarchyLevelLimitExceededException ServiceQuotaExceededException',
  // a request that will never succeed
  invalid_option: `
    ValidationException UnknownOperationException InvalidParameterException InvalidFilterKey
    InvalidFilterOption InvalidFilterValue InvalidNextToken InvalidNextTokenException
    InvalidAllowedPatternException IncompatiblePolicyException InvalidPolicyAttributeException
    InvalidPolicyTypeException MalformedPolicyDocumentException ParameterPatternMismatchException
    PoliciesLimitExceededException UnsupportedParameterType DryRunOperationException`,
};

const codes: ReadonlyMap<string, ErrorCode> = new Map(
  Object.entries(names).flatMap(([code, list]) =>
    list
      .trim()
      .split(/\s+/)
      .map((name) => [name, code as ErrorCode] as const),
  ),
);

export function codeOf(name: string): ErrorCode | undefined {
  return codes.get(name);
}
