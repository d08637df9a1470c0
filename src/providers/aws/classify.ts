import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { isUnreachable, isUntrusted, retryAfterMs, wrongServerHint } from '../../remote/network.ts';
import { codeOf } from './error-names.ts';

/** What the SDK calls an answer that it does not understand, and everything that has no name. */
const nameless = /^(?:Unknown|UnknownError|Error|SyntaxError|TypeError)$/;

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
  const { $metadata, $response } = raw;
  const status = $metadata?.httpStatusCode;
  const untrusted = isUntrusted(raw);
  const name = untrusted ? 'not trusted' : nameOf(raw);
  const found = untrusted ? 'crypto' : meaning(name, status);
  const said = nameless.test(name) ? 'no answer of AWS' : name;
  const later = retryAfterMs($response?.headers?.['retry-after']);
  return new ConfigError(
    found,
    `${asked.service}: ${asked.resource}: ${said}${status ? ` (HTTP ${status})` : ''}`,
    {
      provider: asked.service,
      hint: untrusted ? certificate : said !== name && status ? wrongServerHint : hint(found, asked),
      ...(later !== undefined && { retryAfterMs: later }),
    },
  );
}

const certificate =
  'The certificate of the server is not trusted: look at the proxy, and at NODE_EXTRA_CA_CERTS';

function nameOf({ name, code }: Raw): string {
  if (isUnreachable(code)) return code;
  return typeof name === 'string' && /^\w{1,80}$/.test(name) ? name : 'Unknown';
}

function meaning(name: string, status: number | undefined): ErrorCode {
  if (isUnreachable(name)) return 'unavailable';
  const known = codeOf(name);
  if (known) return known;
  // these services name what they miss, with another status: a bare 404 is a gateway's
  if (status === 404) return 'unavailable';
  if (status === 429) return 'throttled';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'access_denied';
  return status !== undefined && status >= 400 && status < 500 ? 'invalid_option' : 'unavailable';
}

/** These two are allowed for all secrets or not at all. */
const unbounded = /:(?:ListSecrets|BatchGetSecretValue)$/;

function denied(action: string, resource: string): string {
  const key = /^(?:ssm|secretsmanager):Get/.test(action)
    ? ' (and kms:Decrypt on its key, if it has one of its own)'
    : '';
  return `Allow ${action} on ${unbounded.test(action) ? '"*", which cannot be narrower,' : resource}${key} in the caller's IAM policy`;
}

function hint(code: ErrorCode, { action, resource }: Asked): string {
  if (code === 'access_denied') return denied(action, resource);
  if (code === 'unauthenticated') return 'Look at the credentials: expired, revoked, or for another account';
  if (code === 'throttled') return 'Lower limits.perSecond, or raise the quota';
  if (code === 'crypto')
    return 'Look at the KMS key: deleted, of another account, or not allowed to the caller';
  if (code === 'disabled') return 'Enable the KMS key';
  if (code === 'invalid_option') return 'Look at names and options: AWS refuses this request for good';
  if (code === 'aborted') return 'Its caller gave up';
  if (code === 'not_found') return 'Look at the name, the version and the region';
  return 'Look at the network, the region and the state of AWS';
}
