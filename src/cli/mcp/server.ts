// Speaks the Model Context Protocol on stdin and stdout, with the SDK that the application has installed.
// Used by `mcp`. Stdout belongs to the protocol, so that only this file writes to it.

import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { peer } from '../../internal/lazy.ts';
import type { Io } from '../io.ts';
import { ownManifest, program } from '../manifest.ts';
import type { Loaded } from '../module.ts';
import type { ReservedStdout } from '../reserved-stdout.ts';
import { type Answer, callTool, type Tool, tools } from './tools.ts';

const sdk = '@modelcontextprotocol/sdk';

/** What this file uses of the SDK. */
interface Server {
  onclose?: () => void;
  setRequestHandler(schema: unknown, handle: (request: CallRequest) => unknown): void;
  connect(transport: unknown): Promise<void>;
  close(): Promise<void>;
}
interface CallRequest {
  readonly params: { readonly name: string; readonly arguments?: unknown };
}
interface Sdk {
  readonly Server: new (info: object, options: object) => Server;
  readonly StdioServerTransport: new (input: NodeJS.ReadableStream, output: Writable) => unknown;
  readonly ListToolsRequestSchema: unknown;
  readonly CallToolRequestSchema: unknown;
}

/** Serves until the client closes stdin, and answers all that it has asked. `file`: the module, whose
 *  packages include the SDK. */
export async function serve(loaded: Loaded, file: string, io: Io, stdout: ReservedStdout): Promise<void> {
  const { Server, StdioServerTransport, ...schemas } = await loadSdk(file);
  const { version = 'unknown' } = ownManifest();
  const server = new Server({ name: 'llm-config', version }, { capabilities: { tools: {} } });
  server.setRequestHandler(schemas.ListToolsRequestSchema, (): { tools: readonly Tool[] } => ({ tools }));
  const calls = new Set<Promise<Answer>>();
  server.setRequestHandler(schemas.CallToolRequestSchema, ({ params }): Promise<Answer> => {
    const call = callTool(loaded, params.name, params.arguments).finally(() => calls.delete(call));
    calls.add(call);
    return call;
  });
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
    io.stdin.once('end', resolve).once('close', resolve);
  });
  await server.connect(new StdioServerTransport(io.stdin, outputOf(io, stdout)));
  await closed;
  await Promise.allSettled(calls);
  await new Promise(setImmediate); // the SDK sends the answers afterwards
  await server.close();
}

/** The SDK beside the module, else the one beside this program. */
async function loadSdk(file: string): Promise<Sdk> {
  const load = async (part: string): Promise<object> => {
    const name = `${sdk}/${part}`;
    const found = [file, realpathSync(program)].map((from) => {
      try {
        return createRequire(from).resolve(name);
      } catch {
        return undefined;
      }
    });
    const path = found.find((one) => one !== undefined);
    return import(path === undefined ? name : pathToFileURL(path).href) as Promise<object>;
  };
  return peer('llm-config mcp', sdk, async () => {
    const parts = await Promise.all(['server/index.js', 'server/stdio.js', 'types.js'].map(load));
    return Object.assign({}, ...parts) as Sdk;
  });
}

/** Stdout as the stream that the SDK writes to. */
const outputOf = (io: Io, stdout: ReservedStdout): Writable =>
  new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      stdout.own(() => io.stdout.write(`${chunk}`));
      done();
    },
  });
