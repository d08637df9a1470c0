import type { ConfigError } from '../../../src/errors.ts';
import { KeyringProvider } from '../../../src/providers/keyring/index.ts';

/** Reads once, prints the result, and leaves everything open. The timeout in milliseconds is an argument. */
const timeoutMs = Number(process.argv[2]);
const ring = new KeyringProvider({
  service: 'acme',
  backend: 'secret-service',
  resilience: { timeoutMs, deadlineMs: timeoutMs + 100 },
});
ring.get('token').then(
  (entry) => process.stdout.write(String(entry?.value)),
  (error: ConfigError) => process.stdout.write(error.code, () => process.exit(0)),
);
