import type { AwsCredentials } from 'llm-config-manager/aws';

// #region role
/** `new STS({})` of @aws-sdk/client-sts, of which this much is needed. */
export interface Sts {
  assumeRole(input: { RoleArn: string; RoleSessionName: string }): Promise<{
    Credentials?: {
      AccessKeyId?: string | undefined;
      SecretAccessKey?: string | undefined;
      SessionToken?: string | undefined;
      Expiration?: Date | undefined;
    };
  }>;
}

/** For the option `credentials`: `() => assumed(sts, 'arn:aws:iam::123456789012:role/inference-config')`. */
export async function assumed(sts: Sts, RoleArn: string): Promise<AwsCredentials> {
  const { Credentials: its = {} } = await sts.assumeRole({ RoleArn, RoleSessionName: 'inference' });
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration = new Date(0) } = its;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}
// #endregion
