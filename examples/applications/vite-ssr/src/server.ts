import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { loadConfig } from 'llm-config-manager';
import { publicPart, Schema, sources } from '../config';
import { render } from './render';

// #region server
const config = await loadConfig(Schema, sources, { watch: true });
const template = await readFile('dist/browser/index.html', 'utf8');

const page = (): string => {
  const settings = publicPart(config); // a copy for each response
  const json = JSON.stringify(settings).replaceAll('<', '\\u003c');
  return template.replace('<!--app-->', () => render(settings)).replace('<!--config-->', () => json);
};
// #endregion

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };
const server = createServer(async ({ url = '/' }, response) => {
  const type = /^\/assets\/[\w.-]+$/.test(url) && types[extname(url)];
  if (url === '/') return response.setHeader('content-type', 'text/html').end(page());
  if (!type) return response.writeHead(404).end();
  const asset = await readFile(`dist/browser${url}`).catch(() => undefined);
  response.writeHead(asset ? 200 : 404, { 'content-type': type }).end(asset);
});
const { port, host } = config.value.server;
server.listen(port, host);

process.once('SIGTERM', () => {
  server.close(() => config.close());
  server.closeIdleConnections();
});
