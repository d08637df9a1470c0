// Events as entries: log-ins, rotations, denials, policies and health, which no operation shows. Used by
// `AuditLog.listen`. Their entries are kept until they are written, because no caller waits.

import type { ConfigEvent } from '../../events.ts';
import type { AuditFields, AuditType } from './entry.ts';
import type { OpenOperations } from './open-operations.ts';
import type { Recorder } from './recorder.ts';

const types: { readonly [T in ConfigEvent['type']]?: AuditType } = {
  authenticated: 'authentication.succeeded',
  authentication_failed: 'authentication.failed',
  denied: 'permission.denied',
  policy_violated: 'policy.violated',
  rotated: 'secret.rotated',
};

interface Listening {
  readonly recorder: Recorder;
  readonly operations: OpenOperations;
}

export function listenTo(
  source: { on(listener: (event: ConfigEvent) => void): Disposable },
  { recorder, operations }: Listening,
): Disposable {
  return source.on((event) => {
    const fields = fieldsOf(event);
    if (!fields || recorder.events.has(event)) return;
    recorder.events.add(event);
    const isRefusal = event.type === 'denied' || event.type === 'policy_violated';
    // the entry of the operation says so
    if (isRefusal && operations.isOpen(event.operation)) return;
    recorder.event(fields);
  });
}

function fieldsOf(event: ConfigEvent): AuditFields | undefined {
  const { provider, key, operation, outcome, durationMs, version } = event;
  const fields = { action: 'event', provider, key, operation, outcome, durationMs, version };
  if (event.type === 'health_changed') {
    const { status, previous, reason = '' } = event;
    const type = status === 'ok' ? 'health.recovered' : 'health.degraded';
    return { type, ...fields, reason: `${previous} to ${status}${reason && `: ${reason}`}` };
  }
  const type = types[event.type];
  return type && outcome !== 'audit_failed' ? { type, ...fields } : undefined;
}
