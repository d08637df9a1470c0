import { createServer, type Server } from 'node:http';
import { type ConfigSource, loadConfig, logTo } from 'llm-config-manager';
import { type Endpoint, llmSchema, loadLlm } from 'llm-config-manager/llm';
import { z } from 'zod';

export interface Client {
  ask(prompt: string, signal: AbortSignal): Promise<string>;
}

const Schema = z.object({ server: z.object({ port: z.number() }), llm: llmSchema.zod(z) });

// #region service
/** Starts the service. The configuration is read once, and again when a source changes. */
export async function start(
  source: ConfigSource,
  makeClient: (endpoint: Endpoint) => Client,
  logger = console,
): Promise<{ readonly server: Server } & AsyncDisposable> {
  const config = await loadConfig(Schema, source, { watch: true, on: logTo(logger) });
  const ai = await loadLlm(config, { at: 'llm' });
  const clientFor = ai.clients(makeClient);
  const chat = ai.task('chat');

  const server = createServer(async (request, response) => {
    // ready as long as a configuration is in use, also while the store is down
    if (request.url === '/ready') return response.end(`generation ${config.generation.number}`);
    const subject = request.headers['x-user']?.toString(); // one user, one model
    const caller = new AbortController();
    response.on('close', () => caller.abort());
    try {
      const ask = (endpoint: Endpoint, { signal }: { signal: AbortSignal }) =>
        clientFor(endpoint).ask('Hello', signal);
      response.end(await chat.run(ask, { subject, signal: caller.signal }));
    } catch {
      response.writeHead(503, { 'retry-after': '5' }).end('no model has answered');
    }
  });
  await new Promise<void>((done) => server.listen(config.value.server.port, '127.0.0.1', done));
  return {
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await ai.close();
      await config.close();
    },
  };
}
// #endregion service
