// Rules as data: their types, and the schema that reports what is wrong with them, each problem at its place.
// Used by rules.ts and policy-from.ts, and by applications that load rules themselves.

import { isConfigError } from '../../errors.ts';
import { nearest } from '../../internal/nearest.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import { isPlain } from '../../value.ts';
import { cel, compileCel } from './cel.ts';
import { hoursOf } from './hours.ts';
import { keyPattern } from './keys.ts';
import { networksOf } from './networks.ts';
import { actions } from './policy.ts';
import { CompiledRule, type Rule } from './rule.ts';

/** Rules by name, or in a list. Their order means nothing: a rule that denies wins. */
export type RuleSet = readonly Rule[] | Readonly<Record<string, Rule>>;

/** A policy as data. In a file, `when` may be the text of an expression. */
export interface RulesData {
  /** The ids of the callers with each role. @default {} */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** The attribute of a caller that lists more of its roles. Set it only if `identify` takes the attribute
   *  from what the caller cannot choose. @default none */
  readonly rolesIn?: string;
  /** What is allowed. @default nothing */
  readonly allow?: RuleSet;
  /** What is denied, whatever allows it. @default nothing */
  readonly deny?: RuleSet;
}

type Issue = StandardSchemaV1.Issue;
type Path = readonly PropertyKey[];
type Check = (value: unknown) => string | undefined;

const texts: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')
    ? undefined
    : 'must be a list of texts';
const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a text');
const oneOf =
  (...all: readonly unknown[]): Check =>
  (value) =>
    all.includes(value) ? undefined : `must be one of ${all.join(', ')}`;

const fields: Readonly<Record<keyof Rule, Check>> = {
  keys: (value) => (Array.isArray(value) && value.length > 0 ? texts(value) : 'must be a list of patterns'),
  roles: texts,
  unless: texts,
  actions: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => actions.includes(one))
      ? undefined
      : `must be a list of ${actions.join(', ')}`,
  secret: oneOf(true, false),
  hours: text,
  from: texts,
  when: (value) => (isPlain(value) ? text(value.cel) : text(value)) && 'must be an expression',
  loads: oneOf('never', 'start'),
};

const dataFields: readonly (keyof RulesData)[] = ['roles', 'rolesIn', 'allow', 'deny'];

/** Everything that is wrong with rules, and the rules with `when` as a condition. */
export function checkRules(given: unknown): { readonly data: RulesData; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const report = (path: Path, message: string): void => void issues.push({ path, message });
  if (!isPlain(given)) return { data: {}, issues: [{ path: [], message: 'must be an object of rules' }] };
  for (const name of Object.keys(given))
    if (!(dataFields as readonly string[]).includes(name)) report([name], unknownField(name, dataFields));
  const { roles = {}, rolesIn, allow = [], deny = [] } = given;
  if (!isPlain(roles)) report(['roles'], 'must be an object of lists of ids');
  else
    for (const [name, ids] of Object.entries(roles)) {
      const wrong = texts(ids);
      if (wrong) report(['roles', name], wrong);
    }
  if (rolesIn !== undefined && text(rolesIn)) report(['rolesIn'], 'must be the name of an attribute');
  const known = isPlain(roles) ? Object.keys(roles) : [];
  const sets = { allow, deny };
  const checked = Object.entries(sets).map(([effect, set]) => {
    if (!Array.isArray(set) && !isPlain(set)) {
      report([effect], 'must be rules by name, or a list of rules');
      return [effect, []] as const;
    }
    const rules = Object.entries(set).map(([name, rule]): [string, unknown] => {
      const path = [effect, Array.isArray(set) ? Number(name) : name];
      const own = checkRule(rule, path, report);
      const roleNames = [...((own?.roles as string[]) ?? []), ...((own?.unless as string[]) ?? [])];
      const unknown = own && rolesIn === undefined && roleNames.find((role) => !known.includes(role));
      if (unknown !== undefined && unknown !== false)
        report([...path, own?.roles?.includes(unknown) ? 'roles' : 'unless'], unknownRole(unknown, known));
      return [name, own];
    });
    return [effect, Array.isArray(set) ? rules.map(([, rule]) => rule) : Object.fromEntries(rules)] as const;
  });
  const more = typeof rolesIn === 'string' ? { rolesIn } : {};
  return { data: { roles, ...more, ...Object.fromEntries(checked) } as RulesData, issues };
}

/** Checks one rule. `undefined` if it cannot be used. */
function checkRule(
  given: unknown,
  path: Path,
  report: (path: Path, message: string) => void,
): Rule | undefined {
  if (!isPlain(given)) {
    report(path, 'must be a rule: an object with keys');
    return undefined;
  }
  let isSound = true;
  const wrong = (field: string | undefined, message: string): void => {
    isSound = false;
    report(field === undefined ? path : [...path, field], message);
  };
  if (given.keys === undefined) wrong(undefined, 'must have keys');
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(fields, name) ? fields[name as keyof Rule] : undefined;
    const message = check ? value !== undefined && check(value) : unknownField(name, Object.keys(fields));
    if (message) wrong(name, message);
  }
  if (!isSound) return undefined;
  const rule = { ...(given as unknown as Rule) };
  const attempt = <T>(field: string | undefined, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      wrong(field, isConfigError(error) ? error.message : 'cannot be used');
      return undefined;
    }
  };
  const { when } = given;
  const condition = attempt('when', () =>
    when === undefined ? undefined : cel(typeof when === 'string' ? when : (when as { cel: string }).cel),
  );
  attempt('keys', () => rule.keys.map(keyPattern));
  attempt('hours', () => rule.hours && hoursOf(rule.hours));
  attempt('from', () => rule.from && networksOf(rule.from));
  const own = { ...rule, ...(condition && { when: condition }) };
  if (isSound)
    attempt(undefined, () => new CompiledRule('deny', '', '', own, { ids: new Map(), attribute: undefined }));
  return isSound ? own : undefined;
}

function unknownField(name: string, known: readonly string[]): string {
  const similar = nearest(name, known);
  return `is not a field of rules${similar ? `; did you mean ${similar}?` : ''}`;
}

function unknownRole(name: string, known: readonly string[]): string {
  const similar = nearest(name, known);
  const hint = similar ? `; did you mean ${similar}?` : '';
  return `names the role ${JSON.stringify(name)}, which is not in roles${hint}`;
}

/** Problems of conditions, which only the peer can parse. */
async function conditionIssues(data: RulesData): Promise<readonly Issue[]> {
  const issues: Issue[] = [];
  for (const effect of ['allow', 'deny'] as const)
    for (const [name, rule] of Object.entries(data[effect] ?? {})) {
      const { when } = (rule ?? {}) as Partial<Rule>;
      if (!when) continue;
      const at = Array.isArray(data[effect]) ? Number(name) : name;
      await compileCel(when).catch((error: unknown) =>
        issues.push({
          path: [effect, at, 'when'],
          message: isConfigError(error) ? error.message : 'cannot be compiled',
        }),
      );
    }
  return issues;
}

const listOfTexts = { type: 'array', items: { type: 'string' } };
/** What a load has to read. The schema itself judges the rules. */
const shape = {
  type: 'object',
  properties: {
    roles: { type: 'object', additionalProperties: listOfTexts },
    rolesIn: { type: 'string' },
    allow: {},
    deny: {},
  },
};

/** The schema of rules, for `loadConfig`. The report names the file and the line of each problem.
 *  @example
 *  const config = await loadConfig(rulesSchema, new BundleProvider('policy.yaml'));
 *  const policy = rules(config.value);
 *  @see policyFrom follows a file that changes. */
export const rulesSchema: StandardSchemaV1<RulesData> = Object.freeze({
  '~standard': Object.freeze({
    version: 1 as const,
    vendor: 'llm-config-manager',
    validate: async (given: unknown) => {
      const { data, issues } = checkRules(given);
      const all = [...issues, ...(issues.length === 0 ? await conditionIssues(data) : [])];
      return all.length > 0 ? { issues: all } : { value: data };
    },
    jsonSchema: { input: () => shape },
  }),
});
