import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ConfigError } from '../../src/errors.ts';

export const live = {
  address: process.env.LIVE_VAULT_ADDR as string,
  tlsAddress: process.env.LIVE_VAULT_TLS_ADDR as string,
  token: process.env.LIVE_VAULT_TOKEN as string,
  ca: process.env.LIVE_TLS_CA as string,
  cert: process.env.LIVE_TLS_CLIENT_CERT as string,
  key: process.env.LIVE_TLS_CLIENT_KEY as string,
  redis: process.env.LIVE_REDIS_URL as string,
  aws: process.env.LIVE_AWS_ENDPOINT as string,
};

export interface AdminOptions {
  readonly namespace?: string;
  readonly token?: string;
  readonly wrap?: string;
  /** Statuses that do not throw. */
  readonly allow?: readonly number[];
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON
export type Json = any;

/** Sends a request as the administrator, without the library. */
export async function admin(
  method: string,
  path: string,
  body?: object,
  options: AdminOptions = {},
): Promise<Json> {
  const answer = await fetch(`${live.address}/v1/${path}`, {
    method,
    headers: {
      'X-Vault-Token': options.token ?? live.token,
      ...(options.namespace && { 'X-Vault-Namespace': options.namespace }),
      ...(options.wrap && { 'X-Vault-Wrap-TTL': options.wrap }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok && !options.allow?.includes(answer.status))
    throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

let made = 0;
/** A name that no other test file and no other run uses. */
export const unique = (name: string): string => `${name}-${process.pid}-${Date.now().toString(36)}-${++made}`;

/** Mounts an engine for one test file. */
export async function mounted(
  type: string,
  options: object = {},
  where: AdminOptions = {},
): Promise<{ mount: string; unmount: () => Promise<void> }> {
  const mount = unique(type);
  await admin('POST', `sys/mounts/${mount}`, { type, ...options }, where);
  if ((options as { options?: { version?: string } }).options?.version === '2') await upgraded(mount, where);
  return { mount, unmount: () => admin('DELETE', `sys/mounts/${mount}`, undefined, where) };
}

/** Waits until a new engine of version 2 is ready. */
async function upgraded(mount: string, where: AdminOptions): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const body = await admin('GET', `${mount}/data/ready`, undefined, { ...where, allow: [400, 404] });
    if (!JSON.stringify(body).includes('pgrading')) return;
    await new Promise((done) => setTimeout(done, 25));
  }
}

export async function policy(
  name: string,
  lines: string | readonly string[],
  where: AdminOptions = {},
): Promise<void> {
  await admin(
    'POST',
    `sys/policies/acl/${name}`,
    { policy: typeof lines === 'string' ? lines : lines.join('\n') },
    where,
  );
}

export async function tokenOf(
  policies: readonly string[],
  more: object = {},
  where: AdminOptions = {},
): Promise<string> {
  return (await admin('POST', 'auth/token/create', { policies, ...more }, where)).auth.client_token;
}

export async function refusal(work: Promise<unknown>): Promise<ConfigError> {
  try {
    await work;
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the promise did not reject');
}

export const serve = async (...words: string[]): Promise<string> =>
  (await promisify(execFile)(process.env.LIVE_SERVE as string, words, { maxBuffer: 64 * 1024 * 1024 }))
    .stdout;

export async function until(holds: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('the condition never held');
    await new Promise((done) => setTimeout(done, 20));
  }
}
