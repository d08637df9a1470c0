// The files that `init --framework` adds to the first files: what loads the configuration in a framework. A
// test compares them with the examples.

import { existsSync } from 'node:fs';
import path from 'node:path';

/** What a framework adds to a new configuration. */
export interface Framework {
  /** The folder of the module and of the files, in the folder of a project: `src/`, or none. */
  folder(project: string): string;
  readonly files: Readonly<Record<string, string>>;
  /** What the files import, beside the library and zod. */
  readonly packages: readonly string[];
  /** What the user changes in files that exist. */
  readonly edit: Readonly<Record<string, string>>;
}

const nest = `import { ConfigModule } from 'llm-config-manager/nestjs';
import type { z } from 'zod';
import { chain, schema } from './config';

export type AppConfig = z.infer<typeof schema>;

/** Import it into the root module. */
export const AppConfigModule = ConfigModule.forRoot({ schema, sources: chain, watch: true });
`;

const fastify = `import Fastify, { type FastifyInstance } from 'fastify';
import { type ConfigPluginOptions, configPlugin } from 'llm-config-manager/fastify';
import type { z } from 'zod';
import { chain, schema } from './config.ts';

declare module 'llm-config-manager/fastify' {
  interface Registered {
    config: z.infer<typeof schema>; // the type of app.config.value
  }
}

const all: ConfigPluginOptions = { schema, sources: chain, watch: true };

export async function buildApp(options = all): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(configPlugin, { health: '/health', ...options });
  return app;
}
`;

const nextAppConfig = `import { type Config, loadConfig } from 'llm-config-manager';
import type { z } from 'zod';
import { chain, schema } from './config';

export type AppConfig = Config<z.infer<typeof schema>>;

// Next.js makes several copies of a module, and they share one configuration
const shared = globalThis as { appConfig?: Promise<AppConfig> };

export function appConfig(): Promise<AppConfig> {
  shared.appConfig ??= loadConfig(schema, chain, { watch: true });
  return shared.appConfig;
}
`;

const nextInstrumentation = `export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === 'nodejs') await import('./instrumentation-node');
}
`;

const nextInstrumentationNode = `import { appConfig } from './app-config';

try {
  await appConfig();
} catch (error) {
  console.error(String(error)); // the report of what is wrong
  process.exit(1); // else Next.js goes on, and answers each request with 500
}
`;

/** Next.js looks for instrumentation.ts beside the folder of its pages. */
const besidePages = (project: string): string =>
  ['app', 'pages'].some((name) => existsSync(path.join(project, 'src', name))) ? 'src/' : '';

/** The frameworks that `init` knows. */
export const frameworks: Readonly<Record<string, Framework>> = {
  nest: {
    folder: () => 'src/',
    files: { 'app-config.ts': nest },
    packages: [],
    edit: { 'src/app.module.ts': 'add AppConfigModule to the imports of the root module' },
  },
  next: {
    folder: besidePages,
    files: {
      'app-config.ts': nextAppConfig,
      'instrumentation.ts': nextInstrumentation,
      'instrumentation-node.ts': nextInstrumentationNode,
    },
    packages: [],
    edit: { 'next.config.ts': "add serverExternalPackages: ['llm-config-manager']" },
  },
  fastify: { folder: () => '', files: { 'app.ts': fastify }, packages: ['fastify'], edit: {} },
};
