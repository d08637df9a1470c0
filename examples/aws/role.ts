import type { AwsCredentials } from 'llm-config-manager/aws';

// #region role
/** The part of `new STS({})` from @aws-sdk/client-sts that is needed here. */
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

/** Fits the option `credentials`: `() => assumed(sts, 'arn:aws:iam::123456789012:role/inference-config')`. */
export async function assumed(sts: Sts, RoleArn: string): Promise<AwsCredentials> {
  const { Credentials = {} } = await sts.assumeRole({ RoleArn, RoleSessionName: 'inference' });
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration = new Date(0) } = Credentials;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}
// #endregion
