export { type AppRoleOptions, appRole } from './auth/app-role.ts';
export { type AwsAuthOptions, type AwsCredentials, aws } from './auth/aws.ts';
export { type CertificateOptions, certificate } from './auth/certificate.ts';
export {
  type Credential,
  type CredentialFile,
  type CredentialFunction,
  fromFile,
} from './auth/credential.ts';
export { type JwtOptions, jwt, type KubernetesOptions, kubernetes } from './auth/jwt.ts';
export type { Login, LoginCall, VaultAuth } from './auth/login.ts';
export { token, tokenFile } from './auth/token.ts';
export type { VaultClient, VaultRequest } from './client.ts';
export type { LeaseRequest, VaultConnectionOptions, VaultOptions } from './options.ts';
export { VaultProvider } from './provider.ts';
export type { TlsOptions } from './tls.ts';
export { type TransitKey, type TransitKeyOptions, transitKey } from './transit.ts';
