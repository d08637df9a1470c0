import { SSMClient } from '@aws-sdk/client-ssm';

const stored: Readonly<Record<string, string>> = {
  '/acme/inference/database/host': 'db.internal',
  '/acme/inference/database/password': 'not-a-real-password',
  '/acme/inference/database/pool-max': '20',
  '/acme/inference/limits': '{"perMinute":600,"burst":50}',
};
const failures = { down: 'InternalServerError', denied: 'AccessDeniedException' };

/** The real client class without a network: it answers from memory, counts requests and fails on demand. */
export function fakeClient() {
  const state = { requests: 0, failing: undefined as keyof typeof failures | undefined };
  const send = async (command: { input: { Name?: string; Names?: string[] } }) => {
    state.requests++;
    const $metadata = { httpStatusCode: state.failing === 'down' ? 500 : 400 };
    if (state.failing)
      throw Object.assign(new Error('refused'), { name: failures[state.failing], $metadata });
    const { Name: one = '', Names: names = [one] } = command.input;
    const found = names
      .filter((Name) => stored[Name])
      .map((Name) => ({ Name, Value: stored[Name], Type: 'SecureString', Version: 1 }));
    const missing = names.filter((name) => !stored[name]);
    if (command.input.Names) return { Parameters: found, InvalidParameters: missing };
    if (found.length > 0) return { Parameter: found[0] };
    throw Object.assign(new Error('not found'), { name: 'ParameterNotFound', $metadata });
  };
  const credentials = { accessKeyId: 'fake', secretAccessKey: 'fake' };
  const client = Object.assign(new SSMClient({ region: 'eu-central-1', credentials }), {
    send: send as never,
  });
  return { client: client as SSMClient, state };
}
