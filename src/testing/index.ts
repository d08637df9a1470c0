// `llm-config-manager/testing`: conformance suites for authors of providers and second levels, and what
// tests of applications use in place of stores, clocks and folders.

export { type Ability, abilities, type Without } from './abilities.ts';
export { type ManualClock, manualClock } from './clock.ts';
export type { SecondLevelSubject } from './conformance/second-level-context.ts';
export { conformance, describeProvider, type Made, type ProviderSuite } from './describe-provider.ts';
export {
  describeSecondLevel,
  type SecondLevelSuite,
  secondLevelConformance,
} from './describe-second-level.ts';
export { describeShelter, type Given, type ShelterSuite, shelterConformance } from './describe-shelter.ts';
export { type CallFault, type FaultyCall, type FaultyOptions, faulty, type Script } from './faulty.ts';
export {
  MemorySecondLevel,
  type MemorySecondLevelOptions,
  type SecondLevelFault,
} from './memory-second-level.ts';
export { type Files, type Sandbox, type SandboxOptions, sandbox } from './sandbox.ts';
export type { BackendFault, Subject, Values } from './subject.ts';
export type { Claim, Runner, SuiteOptions } from './suite.ts';
