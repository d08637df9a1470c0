// Speaks the Model Context Protocol with `llm-config mcp` in a process of its own, through the client of the SDK.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const source = new URL('../../src/', import.meta.url).href;
const canary = 'fake-Zq83-not-real';
/** Beside the SDK, so that the module's packages include it. */
const folder = mkdtempSync(join(here, 'scratch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'config.mjs');
writeFileSync(
  file,
  `import { ProviderChain } from '${source}chain/chain.ts';
   import { MemoryProvider } from '${source}providers/memory.ts';
   import { z } from 'zod';
   console.log('the module prints ${canary}');
   const inner = new MemoryProvider({ database: { host: 'db', password: '${canary}' } }, { name: 'defaults' });
   const failed = async () => { process.stdout.write('noise\\n'); throw new Error('${canary}'); };
   const noisy = { name: 'noisy', get: failed, list: failed };
   export const schema = z.object({ database: z.object({ host: z.string(), password: z.string() }) });
   export const chain = new ProviderChain([inner, noisy]);`,
);
const program = {
  command: process.execPath,
  args: ['--import', import.meta.resolve('tsx'), new URL('cli/main.ts', source).pathname, 'mcp', file],
};

describe('llm-config mcp, with the client of the SDK', () => {
  const client = new Client({ name: 'test', version: '1' });
  let errors = '';
  beforeAll(async () => {
    const transport = new StdioClientTransport({ ...program, stderr: 'pipe' });
    transport.stderr?.on('data', (chunk) => (errors += chunk));
    await client.connect(transport);
  });
  afterAll(() => client.close());

  it('introduces itself and lists its tools, which only read', async () => {
    expect(client.getServerVersion()).toMatchObject({
      name: 'llm-config',
      version: expect.stringMatching(/^\d/),
    });
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([
      ['list_keys', true],
      ['explain', true],
      ['check', true],
      ['describe', true],
    ]);
  });

  it('answers each tool without a secret, although the module prints and a provider fails', async () => {
    const calls = [
      ['list_keys', {}],
      ['explain', { key: 'database.password' }],
      ['explain', { key: 'database' }],
      ['check', {}],
      ['describe', {}],
    ];
    for (const [name, args] of calls) {
      const answer = await client.callTool({ name, arguments: args });
      expect(answer.isError, name).toBeUndefined();
      expect(JSON.stringify(answer), name).not.toContain(canary);
    }
    const { content } = await client.callTool({ name: 'explain', arguments: { key: 'database.host' } });
    expect(JSON.parse(content[0].text)).toMatchObject({ key: 'database.host', winner: 'defaults' });
    expect(errors).toContain('the module prints');
    expect(errors).toContain('noise');
  });

  it('answers a wrong call as an error that the agent reads', async () => {
    const answer = await client.callTool({ name: 'explain', arguments: { key: 'a..b' } });
    expect(answer).toMatchObject({ isError: true });
    const unknown = await client.callTool({ name: 'reveal', arguments: {} });
    expect(unknown).toMatchObject({ isError: true });
  });
});

it('ends with 0 when the client closes stdin, answers what it has asked, and ignores other lines', async () => {
  const child = spawn(program.command, program.args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stdin.write('this is no message\n');
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
  const ask = (id, method, params) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  ask(1, 'initialize', hello);
  ask(2, 'tools/call', { name: 'explain', arguments: { key: 'database.host' } });
  child.stdin.end();
  expect(await once(child, 'close')).toEqual([0, null]);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.at(0)).toMatchObject({ id: 1, result: { serverInfo: { name: 'llm-config' } } });
  expect(lines.at(1)).toMatchObject({
    id: 2,
    result: { content: [{ text: expect.stringContaining('db') }] },
  });
  expect(lines).toHaveLength(2);
});
