// `llm-config-manager/snapshot`: a start while every store is down.

export type { RememberedOptions } from './options.ts';
export { type Remembered, remembered, type SnapshotStats } from './remembered.ts';
