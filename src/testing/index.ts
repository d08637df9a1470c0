export { type Ability, abilities, type Without } from './abilities.ts';
export { type ManualClock, manualClock } from './clock.ts';
export { type Claim, conformance, describeProvider, type ProviderSuite, type Runner } from './describe-provider.ts';
export { type CallFault, type FaultyCall, type FaultyOptions, faulty, type Script } from './faulty.ts';
export { type Files, type Sandbox, type SandboxOptions, sandbox } from './sandbox.ts';
export type { BackendFault, Subject, Values } from './subject.ts';
