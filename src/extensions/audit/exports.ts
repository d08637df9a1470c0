// Entries in the forms of others: CloudEvents 1.0, Elastic Common Schema, OCSF. Used by `llm-config audit
// export`.

import type { ReadEntry } from './entries.ts';
import type { AuditEntry, AuditType } from './entry.ts';

const withoutUndefined = (fields: object): object => JSON.parse(JSON.stringify(fields)) as object;

function cloudEvent({ origin, entry }: ReadEntry): object {
  const { id, time, type, key, ...data } = entry;
  const head = { specversion: '1.0', id, source: origin, type, time, subject: key };
  return withoutUndefined({ ...head, datacontenttype: 'application/json', data });
}

/** The `event.category` and `event.type` of ECS. */
const ecsKinds: { readonly [T in AuditType]?: readonly [category: string, type: string] } = {
  'config.created': ['configuration', 'creation'],
  'config.updated': ['configuration', 'change'],
  'config.deleted': ['configuration', 'deletion'],
  'secret.rotated': ['configuration', 'change'],
  'policy.violated': ['configuration', 'denied'],
  'permission.denied': ['iam', 'denied'],
  'authentication.succeeded': ['authentication', 'start'],
  'authentication.failed': ['authentication', 'denied'],
  'health.degraded': ['host', 'change'],
  'health.recovered': ['host', 'change'],
};

const succeeded = ({ outcome }: AuditEntry): boolean => outcome === 'ok' || outcome === 'absent';

function ecs({ origin, entry }: ReadEntry): object {
  const [category, type] = ecsKinds[entry.type] ?? ['configuration', 'access'];
  const { id, time, actor, ip, action, key, provider, version, reason, traceId, durationMs } = entry;
  return withoutUndefined({
    '@timestamp': time,
    ecs: { version: '8.11.0' },
    event: {
      id,
      kind: 'event',
      category: [category],
      type: [type],
      action: entry.type,
      outcome: succeeded(entry) ? 'success' : 'failure',
      reason,
      code: entry.outcome,
      provider: origin,
      duration: durationMs === undefined ? undefined : durationMs * 1_000_000,
    },
    user: { id: actor },
    source: ip === undefined ? undefined : { ip },
    trace: traceId === undefined ? undefined : { id: traceId },
    labels: {
      action,
      config_key: key,
      config_provider: provider,
      config_version: version,
      operation: entry.operation,
    },
    llm_config: { secrets: entry.secrets, part: entry.part, count: entry.count, of: entry.of },
  });
}

/** The `activity_id` of OCSF API Activity. */
const activities: { readonly [T in AuditType]?: number } = {
  'config.read': 2,
  'config.loaded': 2,
  'secret.accessed': 2,
  'permission.denied': 2,
  'config.created': 1,
  'config.updated': 3,
  'secret.rotated': 3,
  'config.deleted': 4,
};

function ocsf({ origin, entry }: ReadEntry): object {
  const isLogin = entry.type === 'authentication.succeeded' || entry.type === 'authentication.failed';
  const classId = isLogin ? 3002 : 6003; // Authentication, API Activity
  const activity = isLogin ? 1 : (activities[entry.type] ?? 99);
  const { id, time, actor, ip, action, key, provider, version, reason, traceId, durationMs } = entry;
  const keys = entry.secrets?.flatMap(({ keys: some, ...of }) => some.map((one) => ({ name: one, ...of })));
  const resources = keys ?? (key === undefined ? undefined : [{ name: key, version }]);
  const user = { uid: actor, type_id: 99 };
  return withoutUndefined({
    class_uid: classId,
    category_uid: Math.floor(classId / 1000),
    activity_id: activity,
    type_uid: classId * 100 + activity,
    severity_id: succeeded(entry) ? 1 : 3,
    time: Date.parse(time),
    duration: durationMs,
    status_id: succeeded(entry) ? 1 : 2,
    status_code: entry.outcome,
    status_detail: reason,
    count: entry.count,
    actor: isLogin ? undefined : { user },
    user: isLogin ? user : undefined,
    api: isLogin ? undefined : { operation: action ?? entry.type, service: { name: provider ?? origin } },
    service: isLogin ? { name: provider ?? origin } : undefined,
    resources: resources?.map(({ name, version: of }) => ({ name, version: of, type: 'configuration' })),
    src_endpoint: ip === undefined ? { name: origin } : { ip },
    metadata: {
      version: '1.3.0',
      uid: id,
      event_code: entry.type,
      correlation_uid: traceId ?? entry.operation,
      product: { name: 'llm-config-manager', vendor_name: 'llm-config-manager' },
    },
  });
}

/** The forms of `--as`. */
export const exportForms = { cloudevents: cloudEvent, ecs, ocsf } as const satisfies Record<
  string,
  (read: ReadEntry) => object
>;
