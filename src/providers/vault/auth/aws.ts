// The AWS auth method. The request to STS is signed here by hand (Signature Version 4), so that logging in to
// Vault does not need the AWS SDK. Vault replays the signed request; the credentials never leave the process.

import { createHash, createHmac } from 'node:crypto';
import { ConfigError } from '../../../errors.ts';
import { aFunction, anObject, aString, checkOptions, either } from '../../../internal/options.ts';
import type { VaultAuth } from './login.ts';

/** Credentials of an AWS identity. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Options of `aws`. */
export interface AwsAuthOptions {
  /** The role to log in as. */
  readonly role: string;
  /** The value of `X-Vault-AWS-IAM-Server-ID` that the server expects. The value is part of the signature, so
   *  no other server accepts the request. @default none */
  readonly serverId?: string;
  /** Credentials, or a function that returns them at each log-in, such as `fromNodeProviderChain()` of the
   *  AWS SDK.
   *  @default AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /** Region of the STS endpoint that Vault calls. @default 'us-east-1' with the global endpoint */
  readonly region?: string;
  /** URL of the STS endpoint that Vault calls.
   *  @default `https://sts.amazonaws.com/`, with a region `https://sts.{region}.amazonaws.com/` */
  readonly stsEndpoint?: string;
  /** Mount of the auth method. @default 'aws' */
  readonly mount?: string;
}

const query = 'Action=GetCallerIdentity&Version=2011-06-15';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Logs in as an AWS identity. Signs a GetCallerIdentity request, which Vault replays; the credentials are
 *  not sent.
 *  @example
 *  const auth = aws({ role: 'inference', serverId: 'vault.internal', region: 'eu-central-1' });
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth });
 */
export function aws(options: AwsAuthOptions): VaultAuth {
  checkOptions('vault: aws', options, {
    role: aString,
    serverId: aString,
    credentials: either(anObject, aFunction),
    region: aString,
    stsEndpoint: aString,
    mount: aString,
  });
  const { role, serverId, credentials = fromEnvironment, mount = 'aws', region = 'us-east-1' } = options;
  if (role === undefined) throw new ConfigError('invalid_option', 'vault: aws: the option role is missing');
  const endpoint =
    options.stsEndpoint ??
    (options.region === undefined ? 'https://sts.amazonaws.com/' : `https://sts.${region}.amazonaws.com/`);
  if (!URL.canParse(endpoint))
    throw new ConfigError('invalid_option', 'vault: aws: the option stsEndpoint must be a URL');
  return async (call) => {
    const identity = typeof credentials === 'function' ? await credentials() : credentials;
    if (!identity?.accessKeyId || !identity.secretAccessKey)
      throw noCredentials('vault: aws: the option credentials gives no accessKeyId or no secretAccessKey');
    const headers = callerIdentity(new URL(endpoint), region, identity, serverId);
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    return call.login(`auth/${mount}/login`, {
      role,
      iam_http_request_method: 'POST',
      iam_request_url: base64(endpoint),
      iam_request_body: base64(query),
      iam_request_headers: base64(JSON.stringify(headers)),
    });
  };
}

/** Returns the headers of a signed GetCallerIdentity request. */
function callerIdentity(
  url: URL,
  region: string,
  identity: AwsCredentials,
  serverId: string | undefined,
): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${region}/sts/aws4_request`;
  const headers: Record<string, string> = {
    'Content-Length': `${query.length}`,
    'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
    Host: url.host,
    'X-Amz-Date': time,
    ...(identity.sessionToken && { 'X-Amz-Security-Token': identity.sessionToken }),
    ...(serverId !== undefined && { 'X-Vault-AWS-IAM-Server-ID': serverId }),
  };
  const sorted = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = sorted.map(([name]) => name).join(';');
  const canonical = [
    'POST',
    url.pathname,
    '',
    ...sorted.map(([name, value]) => `${name}:${value.trim()}`),
    '',
    signed,
    sha256(query),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((derived, part) => hmac(derived, part), `AWS4${identity.secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  const Authorization = [
    `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/${scope}`,
    `SignedHeaders=${signed}`,
    `Signature=${signature}`,
  ].join(', ');
  return { ...headers, Authorization };
}

async function fromEnvironment(): Promise<AwsCredentials> {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
  throw noCredentials('vault: the environment has no AWS credentials');
}

const noCredentials = (message: string): ConfigError =>
  new ConfigError('unauthenticated', message, {
    provider: 'vault',
    hint: 'Pass the option credentials of aws, for instance fromNodeProviderChain()',
  });
