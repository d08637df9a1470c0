import { fileURLToPath } from 'node:url';
import { filesIn } from '../../../../scripts/files.ts';
import { configOf } from '../../../../vitest.config.ts';

// The tests of telemetry with SDK 3 of OpenTelemetry, which needs Node 22.15 and another version of its API
// than SDK 2. `npm ci` in this folder installs it; .ci/run does that on Node 24.
const modules = fileURLToPath(new URL('node_modules/', import.meta.url));
export default configOf(
  filesIn('test/extensions/otel', /^[^:]*otel\/[\w-]+\.test\.ts$/),
  ['api', 'context-async-hooks', 'sdk-metrics', 'sdk-trace'].map((name) => ({
    find: new RegExp(`^@opentelemetry/${name}$`),
    replacement: `${modules}@opentelemetry/${name}`,
  })),
);
