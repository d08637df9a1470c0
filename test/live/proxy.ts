// A proxy in front of a real server that records requests and injects faults. Used by the live tests of Vault
// and by the incidents, which put one in front of each store of each client.

import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

const json = { 'content-type': 'application/json' };
const html = { 'content-type': 'text/html' };
const page = '<!doctype html><html><body><h1>Something went wrong</h1></body></html>';
// each store finds its own words in it
const throttled = JSON.stringify({ __type: 'ThrottlingException', errors: ['request quota exceeded'] });

const slowMs = 700;
/** How long a trickling answer waits before each byte. */
const byteMs = 1_000;

/** What happens to a request in place of its way to the server. */
const replies = {
  /** The connection ends without an answer. */
  cut: (request: IncomingMessage) => request.socket.destroy(),
  /** The connection is reset. */
  reset: (request: IncomingMessage) => request.socket.resetAndDestroy(),
  /** No answer, ever. */
  hang: (request: IncomingMessage) => request.resume(),
  html503: reply(503, html, page),
  html404: reply(404, html, page),
  throttled: reply(429, json, throttled),
  /** With the request to wait for two seconds. */
  retryAfter: reply(429, { ...json, 'retry-after': '2' }, throttled),
  /** Status 200 and an empty object. */
  empty: reply(200, json, '{}'),
};

/** What happens to the answer of the server. */
const distortions = {
  /** The first half of the content, as if it were the whole. */
  garbage: (response: ServerResponse, { headers }: Answer, content: Buffer) =>
    response.writeHead(200, type(headers)).end(content.subarray(0, content.length / 2)),
  /** The first half of the announced content, then the end of the connection. */
  halfClosed: (response: ServerResponse, answer: Answer, content: Buffer) =>
    half(response, answer, content, () => response.socket?.end()),
  /** The first half of the announced content, then a reset. */
  halfReset: (response: ServerResponse, answer: Answer, content: Buffer) =>
    half(response, answer, content, () => response.socket?.resetAndDestroy()),
  /** One byte a second. */
  trickle(response: ServerResponse, { status, headers }: Answer, content: Buffer) {
    response.writeHead(status, { ...type(headers), 'content-length': content.length });
    let sent = 0;
    const timer = setInterval(() => {
      if (sent < content.length) response.write(content.subarray(sent, ++sent));
      else response.end();
    }, byteMs);
    response.on('close', () => clearInterval(timer));
  },
  slow(response: ServerResponse, { status, headers }: Answer, content: Buffer) {
    const timer = setTimeout(() => response.writeHead(status, type(headers)).end(content), slowMs);
    response.on('close', () => clearTimeout(timer));
  },
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

function reply(status: number, headers: Record<string, string>, content: string) {
  return (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    response.writeHead(status, headers).end(content);
  };
}

const type = (headers: IncomingHttpHeaders): Record<string, string> => ({
  'content-type': headers['content-type'] ?? 'application/json',
});

function half(response: ServerResponse, answer: Answer, content: Buffer, end: () => void): void {
  response.writeHead(answer.status, { ...type(answer.headers), 'content-length': content.length });
  response.write(content.subarray(0, Math.ceil(content.length / 2)), () => end());
}

export type Fault = keyof typeof replies | keyof typeof distortions | undefined;

export interface Recorder {
  readonly address: string;
  /** `GET /v1/secret/data/x`, in order. */
  readonly asked: string[];
  count(part: string): number;
  /** A function chooses for each request. */
  fault: Fault | (() => Fault);
  close(): Promise<void>;
}

export async function recorder(target: string): Promise<Recorder> {
  const to = new URL(target);
  const asked: string[] = [];
  const recording: Omit<Recorder, 'address'> & { address: string } = {
    asked,
    fault: undefined,
    address: '',
    count: (part) => asked.filter((one) => one.includes(part)).length,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.url}`);
    const fault = typeof recording.fault === 'function' ? recording.fault() : recording.fault;
    if (fault && fault in replies) return void replies[fault as keyof typeof replies](request, response);
    const distort = fault && distortions[fault as keyof typeof distortions];
    const { method, url, headers } = request;
    const onward = forward({ host: to.hostname, port: to.port, method, path: url, headers }, (answer) => {
      const status = answer.statusCode as number;
      if (distort) {
        void buffer(answer).then(
          (content) => distort(response, { status, headers: answer.headers }, content),
          () => request.socket.destroy(),
        );
        return;
      }
      response.writeHead(status, answer.headers);
      answer.pipe(response);
      answer.on('error', () => request.socket.destroy());
    });
    onward.on('error', () => request.socket.destroy());
    // a client that gives up does not leave a request at a server that hangs
    response.on('close', () => {
      if (!response.writableFinished) onward.destroy();
    });
    request.pipe(onward);
  };
  const server = createServer(pass);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  recording.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return recording;
}
