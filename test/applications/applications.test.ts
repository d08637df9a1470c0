// The applications of examples/applications on the packed package, as their users build and run them.
// APPLICATIONS is the folder that has the packages of package.json and the packed package in node_modules.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const examples = fileURLToPath(new URL('../../examples/applications/', import.meta.url));
const names = readdirSync(examples);
const place = process.env.APPLICATIONS ?? '';
const canary = 'fake-Zq83-not-real';
const sentence = 'llm-config-manager is for servers only. Pass values to a browser with publicConfig';
const { PATH, HOME, TMPDIR, NEXT_TELEMETRY_DISABLED, WRANGLER_SEND_METRICS } = process.env;
const inherited = { PATH: `${place}/node_modules/.bin:${PATH}`, HOME, TMPDIR, NO_COLOR: '1' };
const quiet = { NEXT_TELEMETRY_DISABLED, WRANGLER_SEND_METRICS, CI: '1' };

beforeAll(() => cpSync(examples, place, { recursive: true }));

/** Starts a command in the folder of an application. `stop` ends it, and all that it has started. */
function spawned(name: string, [program, ...args]: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const cwd = join(place, name);
  const child = spawn(program as string, args, {
    cwd,
    env: { ...inherited, ...quiet, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ran = { out: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (ran.out += text));
  const closed = once(child, 'close').then(([code]) => code as number | null);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), signal);
    await closed;
  };
  return { ran, closed, stop: () => kill('SIGTERM'), [Symbol.asyncDispose]: () => kill('SIGKILL') };
}

async function run(name: string, command: readonly string[], env?: NodeJS.ProcessEnv) {
  const { ran, closed } = spawned(name, command, env);
  return { code: await closed, out: ran.out };
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}

/** Starts an application, and waits until it answers. */
async function started(name: string, command: readonly string[], port: string, env?: NodeJS.ProcessEnv) {
  const app = spawned(name, command, env);
  const ask = async (path = '/'): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  let end: number | null | undefined;
  void app.closed.then((code) => (end = code));
  for (;;) {
    if (end !== undefined) throw new Error(`${name} ended with ${end}\n${app.ran.out}`);
    if (await ask().catch(() => undefined)) break;
    await pause(50);
  }
  return { ...app, ask };
}

function replaceIn(name: string, file: string, from: string | RegExp, to: string): void {
  const path = join(place, name, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}

const build = ['npm', 'run', 'build', '--silent'];
const start = ['npm', 'start', '--silent'];

describe('the packages of the applications', () => {
  const tried = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

  it.each(names)('%s needs the versions that are tried here', (name) => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(examples, name, 'package.json'), 'utf8'),
    );
    const { 'llm-config-manager': own, ...needed } = { ...dependencies, ...devDependencies };
    expect(own).toMatch(/^\^\d/);
    expect({ ...tried.dependencies, ...tried.devDependencies }).toMatchObject(needed);
  });
});

describe.each(['express', 'hono'])('%s', (name) => {
  it('answers with the configuration, sees a change, and ends by itself', async () => {
    const port = await freePort();
    await using app = await started(name, start, port, { APP_SERVER_PORT: port });
    expect(await app.ask('/model')).toBe('{"model":"small","temperature":0.2}');
    replaceIn(name, 'config.yaml', 'small', 'large');
    await expect.poll(() => app.ask('/model'), { timeout: 60_000 }).toContain('large');
    await app.stop();
    expect(app.ran.out).toBe('');
  });

  it('has a unit test that passes', async () => {
    expect(await run(name, ['npm', 'test', '--silent'])).toMatchObject({ code: 0 });
  });

  it('has types', async () => {
    const options = '--noEmit --strict --module nodenext --allowImportingTsExtensions --skipLibCheck';
    const files = ['main.ts', 'app.test.ts'];
    expect(await run(name, ['tsc', ...options.split(' '), ...files])).toEqual({ code: 0, out: '' });
  });
});

describe('nextjs', () => {
  const page = 'app/leak/page.tsx';
  const client = 'app/leak/leak.tsx';
  const write = (file: string, text: string): void => writeFileSync(join(place, 'nextjs', file), text);

  beforeAll(async () => {
    mkdirSync(join(place, 'nextjs/app/leak'), { recursive: true });
    cpSync(join(examples, 'nextjs/app/page.tsx'), join(place, 'nextjs', page));
    replaceIn('nextjs', page, /<Model.*\/>/, '<Leak whole={config.value} llm={config.value.llm} />');
    replaceIn('nextjs', page, "{ Model } from './model'", "{ Leak } from './leak'");
    replaceIn('nextjs', page, /import .*public-part';\n/, '');
    for (const from of ['../app-config', '../public-part']) replaceIn('nextjs', page, from, `../${from}`);
    write(
      client,
      `'use client';
       export const Leak = (all: Record<string, object>) => <pre>{JSON.stringify(all)}</pre>;`,
    );
    const { code, out } = await run('nextjs', build);
    if (code !== 0) throw new Error(out);
  });
  afterAll(() => rmSync(join(place, 'nextjs'), { recursive: true }));

  it('ends its start with the report when the configuration is invalid', async () => {
    const { code, out } = await run('nextjs', start, { PORT: await freePort() });
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('llm.apiKey is missing') });
  });

  it('renders the configuration and sees a change, and no client component gets a secret', async () => {
    const port = await freePort();
    await using app = await started('nextjs', start, port, { PORT: port, APP_LLM_API_KEY: canary });
    expect(await app.ask()).toContain('<main><h1>A fine site</h1><p>small</p></main>');
    replaceIn('nextjs', 'config.yaml', 'small', 'large');
    await expect.poll(() => app.ask(), { timeout: 60_000 }).toContain('<p>large</p>');
    const leak = await app.ask('/leak');
    expect(leak.match(/\[redacted\]/g)?.length).toBeGreaterThan(1);
    expect(leak + (await app.ask())).not.toContain(canary);
  });

  it.each([[[]], [['--webpack']]])(
    'refuses an import in a client component: next build %s',
    async (flags) => {
      write(
        client,
        `'use client';
       import { loadConfig } from 'llm-config-manager';
       export const Leak = (all: Record<string, object>) => <pre>{JSON.stringify([all, loadConfig])}</pre>;`,
      );
      const { code, out } = await run('nextjs', ['next', 'build', ...flags]);
      expect(code).not.toBe(0);
      expect(out).toContain(sentence);
    },
  );
});

describe('a new project of Next.js', () => {
  it('builds with what `llm-config init --framework next` writes', async () => {
    const files = {
      'package.json': '{ "private": true }',
      'app/layout.tsx': readFileSync(join(examples, 'nextjs/app/layout.tsx'), 'utf8'),
      'app/page.tsx': `import { connection } from 'next/server';
        import { appConfig } from '../app-config';
        export default async function Page() {
          await connection();
          return <main>{(await appConfig()).value.api.url}</main>;
        }`,
      'next.config.ts': readFileSync(join(examples, 'nextjs/next.config.ts'), 'utf8'),
    };
    mkdirSync(join(place, 'new/app'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, 'new', name), text);
    expect(await run('new', ['llm-config', 'init', '--framework', 'next'])).toMatchObject({ code: 0 });
    const built = await run('new', ['next', 'build']);
    expect(built, built.out).toMatchObject({ code: 0 });
    const port = await freePort();
    await using app = await started('new', ['next', 'start'], port, { PORT: port });
    expect(await app.ask()).toContain('<main>https://api.example.com</main>');
  });
});

describe('vite-ssr', () => {
  it('renders on the server, and its files for the browser have no secret and no library', async () => {
    expect(await run('vite-ssr', build)).toMatchObject({ code: 0 });
    const port = await freePort();
    const env = { APP_SERVER_PORT: port, APP_LLM_API_KEY: canary };
    await using app = await started('vite-ssr', start, port, env);
    const page = await app.ask();
    expect(page).toContain('<div id="app"><h1>A fine site</h1><p>small</p></div>');
    expect(page).toContain('{"site":{"title":"A fine site"},"llm":{"model":"small"}}');
    const script = await app.ask(/src="([^"]+)"/.exec(page)?.[1]);
    expect(script).toContain('JSON.parse');
    expect(script.length).toBeLessThan(2000);
    expect(page + script).not.toContain(canary);
    replaceIn('vite-ssr', 'config.yaml', 'small', 'large');
    await expect.poll(() => app.ask(), { timeout: 60_000 }).toContain('<p>large</p>');
  });

  it('refuses an import in code for the browser', async () => {
    replaceIn(
      'vite-ssr',
      'src/browser.ts',
      'import type { PublicPart }',
      'import { type PublicPart, publicPart }',
    );
    replaceIn('vite-ssr', 'src/browser.ts', 'render(settings)', 'render(settings) + publicPart');
    const { code, out } = await run('vite-ssr', build);
    expect(code).not.toBe(0);
    expect(out).toContain(sentence);
  });
});

describe('cloudflare-workers', () => {
  it('builds, and answers in workerd with the variables of the worker', async () => {
    expect(await run('cloudflare-workers', build)).toMatchObject({ code: 0 });
    writeFileSync(join(place, 'cloudflare-workers/.dev.vars'), `APP_LLM_API_KEY=${canary}\n`);
    const port = await freePort();
    await using app = await started('cloudflare-workers', [...start, '--', '--port', port], port);
    expect(await app.ask()).toBe('{"model":"large","temperature":0.2}');
    expect(app.ran.out).not.toContain(canary);
  });

  it('does not start with an invalid configuration', async () => {
    rmSync(join(place, 'cloudflare-workers/.dev.vars'), { force: true });
    await using app = spawned('cloudflare-workers', [...start, '--', '--port', await freePort()]);
    await expect.poll(() => app.ran.out, { timeout: 60_000 }).toContain('Set APP_LLM_API_KEY to a string');
  });
});
