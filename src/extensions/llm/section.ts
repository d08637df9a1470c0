// The section `llm` of a configuration that an application has loaded. Used by following-llm.ts for each
// generation.

import { ConfigError } from '../../errors.ts';
import { frozen } from '../../value.ts';
import { issuesOf } from './check.ts';
import type { LlmData } from './data.ts';

/** The section in clear. A configuration of the application may have another schema than ours. */
export function sectionOf(section: unknown): LlmData {
  const issues = issuesOf(section);
  if (issues.length === 0) return frozen(section) as LlmData;
  const lines = issues.slice(0, 5).map(({ path, message }) => `\n  ${path.join('.')}: ${message}`);
  throw new ConfigError(
    'invalid_option',
    `loadLlm: the configuration has no valid section of endpoints and tasks:${lines.join('')}`,
    {
      hint: 'Use llmSchema.zod(z) or llmSchema.valibot(v) in its schema, and name the section in at',
    },
  );
}
