import type { ErrorCode } from '../../errors.ts';

/** Every error name that the three services document, and the few that the SDK makes itself, by what they mean here. What stands under
 *  `invalid_option` is a request that will never succeed. */
const names: Readonly<Partial<Record<ErrorCode, string>>> = {
  not_found: `
    ParameterNotFound ParameterVersionNotFound ResourceNotFoundException NotFoundException DoesNotExistException
    XksKeyNotFoundException CustomKeyStoreNotFoundException CloudHsmClusterNotFoundException OpsItemNotFoundException
    OpsMetadataNotFoundException ServiceSettingNotFound ResourcePolicyNotFoundException`,
  access_denied: `
    AccessDeniedException AccessDenied UnauthorizedOperation NotAuthorized OptInRequired OpsItemAccessDeniedException
    PublicPolicyException UnauthorizedException`,
  unauthenticated: `
    ExpiredToken ExpiredTokenException UnrecognizedClientException InvalidSignatureException SignatureDoesNotMatch
    InvalidClientTokenId IncompleteSignature IncompleteSignatureException MissingAuthenticationToken
    MissingAuthenticationTokenException CredentialsProviderError TokenProviderError RequestExpired AuthFailure InvalidAccessKeyId`,
  throttled: `
    ThrottlingException Throttling TooManyRequestsException RequestThrottled RequestThrottledException RequestLimitExceeded
    ProvisionedThroughputExceededException BandwidthLimitExceeded SlowDown PriorRequestNotComplete TooManyUpdates
    OpsMetadataTooManyUpdatesException LimitExceededException`,
  unavailable: `
    InternalServerError InternalServiceError InternalFailure InternalError ServiceUnavailable ServiceUnavailableException
    KMSInternalException DependencyTimeoutException KeyUnavailableException XksProxyUriUnreachableException
    CloudHsmClusterNotActiveException NetworkingError SocketError`,
  timeout: `
    TimeoutError RequestTimeout RequestTimeoutException`,
  aborted: `
    AbortError`,
  disabled: `
    DisabledException KMSInvalidStateException CustomKeyStoreInvalidStateException`,
  crypto: `
    DecryptionFailure EncryptionFailure InvalidKeyId InvalidCiphertextException IncorrectKeyException InvalidKeyUsageException
    IncorrectKeyMaterialException KMSInvalidMacException KMSInvalidSignatureException InvalidGrantTokenException
    InvalidGrantIdException`,
  conflict: `
    InvalidRequestException ParameterAlreadyExists ResourceExistsException AlreadyExistsException ConflictException ResourceInUseException
    PreconditionNotMetException HierarchyTypeMismatchException ParameterMaxVersionLimitExceeded IdempotentParameterMismatch`,
  quota_exceeded: `
    ParameterLimitExceeded HierarchyLevelLimitExceededException ServiceQuotaExceededException ResourceLimitExceededException`,
  invalid_option: `
    ValidationException UnknownOperationException AssociatedInstances AssociationAlreadyExists AssociationDoesNotExist
    AssociationExecutionDoesNotExist AssociationLimitExceeded AssociationVersionLimitExceeded
    AutomationDefinitionNotApprovedException AutomationDefinitionNotFoundException AutomationDefinitionVersionNotFoundException
    AutomationExecutionLimitExceededException AutomationExecutionNotFoundException AutomationStepNotFoundException
    CloudHsmClusterInUseException CloudHsmClusterInvalidConfigurationException CloudHsmClusterNotRelatedException
    ComplianceTypeCountLimitExceededException CustomKeyStoreHasCMKsException CustomKeyStoreNameInUseException
    CustomSchemaCountLimitExceededException DocumentAlreadyExists DocumentLimitExceeded DocumentPermissionLimit
    DocumentVersionLimitExceeded DryRunOperationException DuplicateDocumentContent DuplicateDocumentVersionName
    DuplicateInstanceId ExpiredImportTokenException FeatureNotAvailableException IncompatiblePolicyException
    IncorrectTrustAnchorException InvalidActivation InvalidActivationId InvalidAggregatorException InvalidAliasNameException
    InvalidAllowedPatternException InvalidArnException InvalidAssociation InvalidAssociationVersion
    InvalidAutomationExecutionParametersException InvalidAutomationSignalException InvalidAutomationStatusUpdateException
    InvalidCommandId InvalidDeleteInventoryParametersException InvalidDeletionIdException InvalidDocument InvalidDocumentContent
    InvalidDocumentOperation InvalidDocumentSchemaVersion InvalidDocumentType InvalidDocumentVersion InvalidFilter
    InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidImportTokenException InvalidInstanceId
    InvalidInstanceInformationFilterValue InvalidInstancePropertyFilterValue InvalidInventoryGroupException
    InvalidInventoryItemContextException InvalidInventoryRequestException InvalidItemContentException InvalidMarkerException
    InvalidNextToken InvalidNextTokenException InvalidNotificationConfig InvalidOptionException InvalidOutputFolder
    InvalidOutputLocation InvalidParameterException InvalidParameters InvalidPermissionType InvalidPluginName
    InvalidPolicyAttributeException InvalidPolicyTypeException InvalidResourceId InvalidResourceType
    InvalidResultAttributeException InvalidRole InvalidSchedule InvalidTag InvalidTarget InvalidTargetMaps
    InvalidTypeNameException InvalidUpdate InvocationDoesNotExist ItemContentMismatchException ItemSizeLimitExceededException
    MalformedPolicyDocumentException MalformedResourcePolicyDocumentException MaxDocumentSizeExceeded NoLongerSupportedException
    OpsItemAlreadyExistsException OpsItemConflictException OpsItemInvalidParameterException OpsItemLimitExceededException
    OpsItemRelatedItemAlreadyExistsException OpsItemRelatedItemAssociationNotFoundException OpsMetadataAlreadyExistsException
    OpsMetadataInvalidArgumentException OpsMetadataKeyLimitExceededException OpsMetadataLimitExceededException
    ParameterPatternMismatchException ParameterVersionLabelLimitExceeded PoliciesLimitExceededException
    ResourceDataSyncAlreadyExistsException ResourceDataSyncConflictException ResourceDataSyncCountExceededException
    ResourceDataSyncInvalidConfigurationException ResourceDataSyncNotFoundException ResourcePolicyConflictException
    ResourcePolicyInvalidParameterException ResourcePolicyLimitExceededException StatusUnchanged
    SubTypeCountLimitExceededException TagException TargetInUseException TargetNotConnected TooManyTagsError
    TotalSizeLimitExceededException UnsupportedCalendarException UnsupportedFeatureRequiredException
    UnsupportedInventoryItemContextException UnsupportedInventorySchemaVersionException UnsupportedOperatingSystem
    UnsupportedOperationException UnsupportedParameterType UnsupportedPlatformType XksKeyAlreadyInUseException
    XksKeyInvalidConfigurationException XksProxyIncorrectAuthenticationCredentialException XksProxyInvalidConfigurationException
    XksProxyInvalidResponseException XksProxyUriEndpointInUseException XksProxyUriInUseException
    XksProxyVpcEndpointServiceInUseException XksProxyVpcEndpointServiceInvalidConfigurationException
    XksProxyVpcEndpointServiceNotFoundException`,
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
