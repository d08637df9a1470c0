// Turns errors of the AWS SDK into ConfigErrors. Used by `connection.ts`. Builds each error from the name,
// code and status alone, because the SDK's message may quote the request.

import { abortedBy, ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import {
  isUnreachable,
  isUntrusted,
  retryAfterMs,
  untrustedHint,
  wrongServerHint,
} from '../../remote/network.ts';
import { codeOf } from './error-names.ts';

/** Names that the SDK gives to a response that it cannot parse, and to errors without a name. */
const meaningless = /^(?:Unknown|UnknownError|Error|SyntaxError|TypeError)$/;

export interface RequestInfo {
  readonly provider: string;
  /** As an IAM policy names it: `ssm:GetParameters`. */
  readonly action: string;
  readonly resource: string;
}

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

export function classify(error: unknown, info: RequestInfo): ConfigError {
  if (isConfigError(error)) return error;
  const { provider, resource } = info;
  const sdkError = (typeof error === 'object' && error !== null ? error : {}) as SdkError;
  const status = sdkError.$metadata?.httpStatusCode;
  const shownStatus = status ? ` (HTTP ${status})` : '';
  if (isUntrusted(sdkError))
    return new ConfigError('crypto', `${provider}: ${resource}: untrusted certificate${shownStatus}`, {
      provider,
      hint: untrustedHint,
    });
  const name = nameOf(sdkError);
  const code = codeFor(name, status);
  if (code === 'aborted') return abortedBy(provider, `the request for ${resource}`);
  const isNameless = meaningless.test(name);
  const retryMs = retryAfterMs(sdkError.$response?.headers?.['retry-after']);
  return new ConfigError(
    code,
    `${provider}: ${resource}: ${isNameless ? 'no valid response from AWS' : name}${shownStatus}`,
    {
      provider,
      hint: isNameless && status ? wrongServerHint : hintFor(code, info),
      ...(retryMs !== undefined && { retryAfterMs: retryMs }),
    },
  );
}

function nameOf({ name, code }: SdkError): string {
  if (isUnreachable(code)) return code;
  if (typeof name !== 'string') return 'Unknown';
  // any other name was chosen by the server, and could be a secret
  return codeOf(name) || meaningless.test(name) ? name : 'an unknown error';
}

function codeFor(name: string, status: number | undefined): ErrorCode {
  if (isUnreachable(name)) return 'unavailable';
  const known = codeOf(name);
  if (known) return known;
  // for a missing parameter or secret AWS sends an error name and another status: a bare 404 is a gateway's
  if (status === 404) return 'unavailable';
  if (status === 429) return 'throttled';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'access_denied';
  return status !== undefined && status >= 400 && status < 500 ? 'invalid_option' : 'unavailable';
}

function hintFor(code: ErrorCode, { action, resource }: RequestInfo): string {
  if (code === 'access_denied') return policyHint(action, resource);
  if (code === 'unauthenticated')
    return 'Check the credentials: they may be expired, revoked or for another account';
  if (code === 'throttled') return 'Lower limits.perSecond, or raise the quota';
  if (code === 'crypto')
    return 'Check the KMS key: it may be deleted, in another account or not permitted to the caller';
  if (code === 'disabled') return 'Enable the KMS key';
  if (code === 'invalid_option') return 'Check names and options: a retry cannot succeed';
  if (code === 'not_found') return 'Check the name, the version and the region';
  return 'Check the network, the region and the status of AWS';
}

/** IAM cannot limit these actions to some resources. */
const unbounded = /:(?:ListSecrets|BatchGetSecretValue)$/;

function policyHint(action: string, resource: string): string {
  const target = unbounded.test(action) ? '"*" (AWS accepts no narrower resource)' : resource;
  const isRead = /^(?:ssm|secretsmanager):Get/.test(action);
  const decrypt = isRead ? ', and kms:Decrypt if a KMS key of your own encrypts the value,' : '';
  return `Allow ${action} on ${target}${decrypt} in the caller's IAM policy`;
}
