import type { Dialect } from './dialect.ts';

const checks: ReadonlySet<unknown> = new Set(['check', 'raw_check', 'partial_check']);

/** Issues of valibot. */
export const valibot: Dialect = {
  isDefault: (_, message) => /^Invalid [\w -]{1,40}: (?:Expected [\s\S]* but r|R)eceived /.test(message),
  // "Invalid type: Expected number but received "abc"", "Invalid URL: Received "abc""
  quote: /(?:[,:]\s*)?(?:\bbut )?\breceived\b[\s\S]*$/i,
  details: ({ type, issues }, read) => ({
    ...(checks.has(type) && { custom: true }),
    // one list of issues, whatever alternative they belong to
    ...(type === 'union' && Array.isArray(issues) && { mixed: issues.map(read) }),
  }),
};
