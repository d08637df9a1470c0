// Presets: named parameters that tasks share. Loaded on first use by a section that has them.

import { nearest } from '../../../internal/nearest.ts';
import type { LlmData } from '../data.ts';
import type { Report } from '../issues.ts';

export { combined } from './combine.ts';

/** Reports tasks whose preset does not exist. */
export function checkPresets({ presets = {}, tasks }: LlmData, report: Report): void {
  for (const [name, { preset }] of Object.entries(tasks)) {
    if (preset === undefined || Object.hasOwn(presets, preset)) continue;
    const similar = nearest(preset, Object.keys(presets));
    const meant = similar === undefined ? '' : `; did you mean ${similar}?`;
    report(
      ['tasks', name, 'preset'],
      `names the preset ${JSON.stringify(preset)}, which does not exist${meant}`,
    );
  }
}
