// `rules`: a policy as data. A rule that denies wins, and what no rule allows is denied. Decisions wait only
// until the conditions of the rules are compiled.

import { ConfigError } from '../../errors.ts';
import { type Ask, actions, type Decision, type Policy } from './policy.ts';
import { CompiledRule, type Roles, type Rule } from './rule.ts';
import { checkRules, type RuleSet, type RulesData } from './rules-schema.ts';

/** A policy of rules. */
export interface RulesPolicy extends Policy {
  /** Compiles the conditions, which the first decision does otherwise.
   *  @throws ConfigError `parse` or `missing_dependency` */
  ready(): Promise<void>;
}

const unmatched: Decision = Object.freeze({ allow: false, rule: 'no rule allows it' });

/** Makes a policy from data, which may come from a file. Deny wins; without a rule that allows it, everything
 *  is denied; a condition that fails does not allow, and denies.
 *  @throws ConfigError `invalid_option` with everything that is wrong
 *  @example
 *  const policy = rules({
 *    roles: { developer: ['ann'], operator: ['ops'] },
 *    allow: [
 *      { roles: ['developer'], actions: ['read', 'list'], keys: ['acme.dev.**'] },
 *      { roles: ['operator'], keys: ['**'], hours: '08:00-18:00 Europe/Berlin', loads: 'never' },
 *    ],
 *    deny: [{ keys: ['**'], secret: true, unless: ['operator'] }],
 *  });
 *  @see rulesSchema, policyFrom, platformRules */
export function rules(given: RulesData): RulesPolicy {
  const { data, issues } = checkRules(given);
  if (issues.length > 0) {
    const [first] = issues;
    const lines = issues.map(({ path, message }) => `${pathText(path as PropertyKey[])} ${message}`);
    throw new ConfigError('invalid_option', `rules: ${lines.join('\n  ')}`, {
      key: pathText(first?.path as PropertyKey[]),
    });
  }
  return compiledRules(data);
}

/** Where a rule is, for explanations. */
export type LineOf = (effect: 'allow' | 'deny', name: string, rule: Rule) => string;

/** A policy of rules that have been checked. */
export function compiledRules(data: RulesData, lineOf: LineOf = textOf): RulesPolicy {
  const roles: Roles = {
    ids: new Map(Object.entries(data.roles ?? {}).map(([name, ids]) => [name, new Set(ids)])),
    attribute: data.rolesIn,
  };
  const compiled = (effect: 'allow' | 'deny', set: RuleSet = []): readonly CompiledRule[] =>
    Object.entries(set).map(([name, rule]) => {
      const shown = Array.isArray(set) ? `${effect} ${Number(name) + 1}` : `${effect} ${name}`;
      return new CompiledRule(effect, shown, lineOf(effect, name, rule as Rule), rule as Rule, roles);
    });
  // those that deny come first, so that they win
  const all = [...compiled('deny', data.deny), ...compiled('allow', data.allow)];
  const byAction: Readonly<Record<string, readonly CompiledRule[]>> = Object.fromEntries(
    actions.map((action) => [action, all.filter((rule) => rule.actions.has(action))]),
  );
  const waiting = all.filter(({ isWaiting }) => isWaiting);
  let isReady = waiting.length === 0;
  let compiling: Promise<void> | undefined;
  const ready = (): Promise<void> => {
    compiling ??= Promise.all(waiting.map((rule) => rule.compile())).then(
      () => {
        isReady = true;
      },
      (error: unknown) => {
        compiling = undefined; // the package may be there next time
        throw error;
      },
    );
    return compiling;
  };
  const decideNow = (ask: Ask): Decision => {
    let until = Number.POSITIVE_INFINITY;
    let decision = unmatched;
    for (const rule of byAction[ask.action] ?? []) {
      const result = rule.applies(ask);
      if (result.until < until) until = result.until;
      if (!result.applies) continue;
      decision = rule.decision;
      break;
    }
    return until === Number.POSITIVE_INFINITY ? decision : { ...decision, until };
  };
  return Object.freeze({
    ready,
    decide: (ask: Ask) => (isReady ? decideNow(ask) : ready().then(() => decideNow(ask))),
  });
}

/** A rule in one line. */
const textOf: LineOf = (_effect, _name, rule) => JSON.stringify(rule);

const pathText = (path: readonly PropertyKey[] = []): string =>
  path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  );
