// #region remote
import { cached, type Policy } from 'llm-config-manager/guard';

/** A policy that asks the Open Policy Agent, or anything with its interface. */
export function remotePolicy(url: string): Policy {
  const policy: Policy = {
    async decide({ action, key, context, entry, load }) {
      const input = { action, key, load, secret: entry?.secret ?? true, caller: { id: context?.id } };
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
        signal: AbortSignal.timeout(5_000),
      });
      // a guard takes each failure for a denial
      if (!response.ok) throw new Error(`the policy engine answered ${response.status}`);
      const { result } = (await response.json()) as { result?: boolean };
      return { allow: result === true, rule: 'the policy engine' };
    },
  };
  return cached(policy, { by: ({ context }) => [context?.id], maxAgeMs: 300_000 });
}
// #endregion remote
