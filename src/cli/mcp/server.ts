// Speaks the Model Context Protocol on stdin and stdout, with the SDK that the application has installed. Used
// by `mcp`. Stdout belongs to the protocol: what a module prints there goes to stderr.

import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { peer } from '../../internal/lazy.ts';
import type { Io } from '../io.ts';
import { ownManifest, program } from '../manifest.ts';
import type { Loaded } from '../module.ts';
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

/** Serves until the client closes stdin. `file`: the module, whose packages include the SDK. */
export async function serve(loaded: Loaded, file: string, io: Io, output: Writable): Promise<void> {
  const { Server, StdioServerTransport, ...schemas } = await loadSdk(file);
  const { version = 'unknown' } = ownManifest();
  const server = new Server({ name: 'llm-config', version }, { capabilities: { tools: {} } });
  server.setRequestHandler(schemas.ListToolsRequestSchema, (): { tools: readonly Tool[] } => ({ tools }));
  server.setRequestHandler(
    schemas.CallToolRequestSchema,
    ({ params }): Promise<Answer> => callTool(loaded, params.name, params.arguments),
  );
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
    io.stdin.once('end', resolve).once('close', resolve);
  });
  await server.connect(new StdioServerTransport(io.stdin, output));
  await closed;
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

/** Stdout for the protocol alone, until disposed. Begin before the module is loaded. */
export class ProtocolOutput implements Disposable {
  readonly stream: Writable;
  readonly #write = process.stdout.write;
  #isOwn = false;

  constructor(io: Io) {
    const write = this.#write.bind(process.stdout) as (...args: unknown[]) => boolean;
    const divert = process.stderr.write.bind(process.stderr) as (...args: unknown[]) => boolean;
    process.stdout.write = ((...args: unknown[]) =>
      this.#isOwn ? write(...args) : divert(...args)) as typeof process.stdout.write;
    this.stream = new Writable({
      decodeStrings: false,
      write: (chunk, _encoding, done) => {
        this.#isOwn = true;
        try {
          io.stdout.write(`${chunk}`);
        } finally {
          this.#isOwn = false;
        }
        done();
      },
    });
  }

  [Symbol.dispose](): void {
    process.stdout.write = this.#write;
  }
}
