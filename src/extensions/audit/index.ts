// The subpath `llm-config-manager/audit`: a signed trail of what was handed over, in a format that other
// people's verifiers accept.

export { type Actor, type AuditedOptions, audited } from './audited.ts';
export type { AuditEntry, AuditFields, AuditType, LoadedSecrets } from './entry.ts';
export { type AuditEvent, AuditLog } from './log.ts';
export type { AuditLogOptions } from './log-options.ts';
export { type Proof, proveEntry } from './prove.ts';
export type { Publish } from './publisher.ts';
export type { AuditReceipt } from './recorder.ts';
export type { Finding } from './replay.ts';
export type { AuditKey, AuditSigner } from './signer.ts';
export { type Verification, type VerifiedLog, type VerifyOptions, verifyLogs } from './verify.ts';
