import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors.ts';

const page = readFileSync(new URL('../../docs/recipes/from-infra.md', import.meta.url), 'utf8');
const api = readFileSync(new URL('../../docs/api.txt', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| (.+) \| (.+) \| (.*?) ?\|$/gm)].map(
  (row) => row.slice(1) as [string, string, string],
);

/** What the infra packages export, without their types. */
const theirs = [
  ...['loadConfig', 'loadBaseConfig', 'loadDatabaseConfig', 'loadRedisConfig', 'loadTelemetryConfig'],
  ...['loadUpstreamServicesConfig', 'requireEnv', 'getEnv', 'getBoolEnv', 'getNumEnv', 'ConfigurationError'],
  ...['BaseConfigSchema', 'DatabaseConfigSchema', 'RedisConfigSchema', 'TelemetryConfigSchema'],
  ...['UpstreamServicesConfigSchema', 'InfraLogger', 'createLogger', 'getLogger', 'InfraError'],
  ...['ValidationError', 'AuthenticationError', 'AuthorizationError', 'NotFoundError', 'ConflictError'],
  ...['BusinessRuleError', 'RateLimitError', 'QuotaExceededError', 'InternalError', 'DatabaseError'],
  ...['CacheError', 'ExternalServiceError', 'ServiceUnavailableError', 'TimeoutError'],
  ...['PolicyViolationError', 'isOperationalError', 'isInfraError', 'wrapError', 'formatErrorForLog'],
  ...['createErrorResponse', 'CacheClient', 'createCacheClient', 'DEFAULT_RETRY_CONFIG'],
  ...['DEFAULT_CIRCUIT_BREAKER_CONFIG', 'CircuitState', 'CircuitBreaker', 'withRetry', 'createRetryable'],
  ...['calculateDelay', 'sleep', 'isRetryableError', 'createCircuitBreaker', 'SlidingWindowRateLimiter'],
  ...['TokenBucketRateLimiter', 'createRateLimitMiddleware', 'initTracing', 'shutdownTracing', 'getTracer'],
  ...['withSpan', 'withHttpSpan', 'withDbSpan', 'withCacheSpan', 'extractTraceContext'],
  ...['injectTraceContext', 'getTraceId', 'getSpanId', 'addSpanEvent', 'setSpanAttribute'],
  ...['recordSpanException', 'createTracingMiddleware', 'SpanKind', 'SpanStatusCode', 'initInfra'],
];

describe('docs/recipes/from-infra.md', () => {
  it('has a place for each import of the infra packages', () => {
    expect(theirs.filter((name) => !new RegExp(`\`${name}[\`(]`).test(page))).toEqual([]);
  });

  it('names codes with the status that they have', () => {
    const stated = rows.flatMap(([, code, status]) => {
      const name = code.match(/^`(\w+)`/)?.[1] ?? '';
      return /^\d+$/.test(status) ? [[name, Number(status)]] : [];
    });
    expect(stated.length).toBeGreaterThan(10);
    expect(stated).toEqual(
      stated.map(([name]) => [name, errorCodes[name as keyof typeof errorCodes]?.status]),
    );
  });

  it('names only what the subpaths export', () => {
    const used = {
      'llm-config-manager': ['loadConfig', 'EnvProvider', 'ConfigError', 'isConfigError', 'logTo'],
      'llm-config-manager/sync': ['loadConfigSync'],
      'llm-config-manager/shelter': ['sheltered'],
      'llm-config-manager/redis': ['shared'],
      'llm-config-manager/audit': ['AuditLog', 'audited'],
      'llm-config-manager/otel': ['instrument'],
    };
    for (const [subpath, names] of Object.entries(used)) {
      expect(page).toContain(`\`${subpath}\``);
      const exported = api.split('==== ').find((part) => part.startsWith(`${subpath} `));
      const missing = names.filter(
        (name) => !new RegExp(`^(function|class) ${name}\\b`, 'm').test(exported ?? ''),
      );
      expect(missing).toEqual([]);
    }
  });
});
