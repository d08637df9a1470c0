import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { isUntrusted } from '../../internal/untrusted.ts';
import { codeOf } from './error-names.ts';

const network = /^(?:ECONN|ENOTFOUND|EAI_|EPIPE|EHOST|ENET|ETIMEDOUT)/;

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
  const raw = (typeof error === 'object' && error !== null ? error : {}) as Raw;
  const { name, code, $metadata, $response } = raw;
  const status = $metadata?.httpStatusCode;
  const untrusted = isUntrusted(raw);
  const said = untrusted ? 'not trusted' : typeof name === 'string' && /^\w{1,80}$/.test(name) ? name : 'an unknown error';
  const found = untrusted ? 'crypto' : meaning(said, typeof code === 'string' ? code : '', status);
  const retryAfter = Number($response?.headers?.['retry-after']);
  return new ConfigError(found, `${asked.service}: ${asked.resource}: ${said}${status ? ` (HTTP ${status})` : ''}`, {
    provider: asked.service,
    hint: untrusted ? certificate : hint(found, asked),
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  });
}

const certificate = 'The certificate of the server is not trusted: look at the proxy, and at NODE_EXTRA_CA_CERTS';

function meaning(name: string, code: string, status: number | undefined): ErrorCode {
  if (network.test(code)) return 'unavailable';
  const known = codeOf(name);
  if (known) return known;
  if (status === 429) return 'throttled';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'access_denied';
  if (status === 404) return 'not_found';
  return status !== undefined && status >= 400 && status < 500 ? 'invalid_option' : 'unavailable';
}

function hint(code: ErrorCode, { action, resource }: Asked): string {
  if (code === 'access_denied')
    return `Allow ${action} on ${resource} (and kms:Decrypt on its key, if it has one of its own) in the caller's IAM policy`;
  if (code === 'unauthenticated') return 'Look at the credentials: expired, revoked, or for another account';
  if (code === 'throttled') return 'Lower limits.perSecond, or raise the quota';
  if (code === 'crypto') return 'Look at the KMS key: deleted, of another account, or not allowed to the caller';
  if (code === 'disabled') return 'Enable the KMS key';
  if (code === 'invalid_option') return 'Look at names and options: AWS refuses this request for good';
  if (code === 'aborted') return 'Its caller gave up';
  if (code === 'not_found') return 'Look at the name, the version and the region';
  return 'Look at the network, the region and the state of AWS';
}
