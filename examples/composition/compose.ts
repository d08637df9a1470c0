import { type ConfigProvider, EnvProvider, intercepted, optional, ProviderChain } from 'llm-config-manager';
import { type AuditLog, audited } from 'llm-config-manager/audit';
import { type Caller, guarded, type Policy } from 'llm-config-manager/guard';
import {
  type Clock,
  type DocumentSource,
  type ShelterOptions,
  sheltered,
  systemClock,
} from 'llm-config-manager/shelter';
import { remembered } from 'llm-config-manager/snapshot';

export interface Parts {
  readonly source: DocumentSource;
  /** With `second`, the second level. */
  readonly shelter: ShelterOptions;
  readonly policy: Policy;
  readonly log: AuditLog;
  readonly defaults: ConfigProvider;
  /** The file of the snapshot, and that of its key. */
  readonly snapshot: string;
  readonly key: string;
  /** For tests. */
  readonly clock?: Clock;
  readonly env?: Record<string, string | undefined>;
}

interface Context {
  readonly caller: Caller;
}
/** A call without a context is one of this process. */
const identify = (context: unknown): Caller =>
  (context as Context | undefined)?.caller ?? { id: 'inference' };

export function compose(parts: Parts): ProviderChain {
  const { source, shelter, policy, log, snapshot, key, env = {}, clock = systemClock, defaults } = parts;
  // #region compose
  const store = sheltered(source, shelter); // or new VaultProvider({ …, second }): it has its shelter
  const kept = remembered(store, { app: 'inference', file: snapshot, keys: { file: key }, clock });
  const decided = guarded(kept, policy, { identify });
  const recorded = intercepted(decided, audited(log, { identify: (context) => identify(context).id }));

  const chain = new ProviderChain([
    new EnvProvider({ prefix: 'APP', env }),
    optional(recorded), // only if the application can do without the store
    defaults,
  ]);
  log.listen(chain);
  // #endregion compose
  return chain;
}
