// #region cedar
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'; // always /nodejs: the other entry fails on Node 20
import type { Ask, Policy } from 'llm-config-manager/guard';

/** A policy of Cedar policies, by their ids. */
export function cedarPolicy(
  policies: Readonly<Record<string, string>>,
  groups: Readonly<Record<string, readonly string[]>>,
): Policy {
  const parsed = cedar.preparsePolicySet('config', { staticPolicies: { ...policies } });
  if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('; '));
  return {
    decide(ask) {
      const answer = cedar.statefulIsAuthorized(requestOf(ask, groups));
      if (answer.type === 'failure') return { allow: false, rule: 'cedar failed' };
      const { decision, diagnostics } = answer.response;
      // Cedar skips a forbid that errs, and permits: an error must deny
      const failed = diagnostics.errors[0];
      if (failed) return { allow: false, rule: `${failed.policyId} failed` };
      return { allow: decision === 'allow', rule: diagnostics.reason.join(', ') || 'no policy permits it' };
    },
  };
}

function requestOf(
  { action, key, context, entry }: Ask,
  groups: Readonly<Record<string, readonly string[]>>,
) {
  const id = context?.id ?? '';
  const user = { type: 'User', id };
  const parents = Object.keys(groups).filter((name) => groups[name]?.includes(id));
  return {
    preparsedPolicySetId: 'config',
    principal: user,
    action: { type: 'Action', id: action },
    resource: { type: 'Key', id: key },
    context: {},
    entities: [
      { uid: user, attrs: {}, parents: parents.map((name) => ({ type: 'Role', id: name })) },
      {
        uid: { type: 'Key', id: key },
        attrs: { path: key, secret: entry?.secret ?? true }, // what has not been read counts as a secret
        parents: [],
      },
    ],
  };
}
// #endregion cedar
