// The files that `init` writes. They work together at once: a test loads them, and compares the example of
// variables with what `env-example` prints for the module.

const moduleText = (
  prefix: string,
): string => `import { BundleProvider, DotEnvProvider, EnvProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

export const schema = z.object({
  server: z.object({
    port: z.number().int().min(1).max(65_535).describe('The port to listen on'),
    host: z.string().default('localhost').describe('The address to listen on'),
  }),
  log: z.object({
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  }),
  api: z.object({
    url: z.url(),
    token: z.string().optional().describe('Keep it out of files: set the variable'),
  }),
});

/** Where values come from. The first provider has the highest priority. */
export const chain = new ProviderChain([
  new EnvProvider({ prefix: '${prefix}' }),
  new DotEnvProvider({ prefix: '${prefix}' }),
  new BundleProvider('config/base.yaml'),
]);
`;

const baseText = `# Values that all machines share. Variables and .env files override them.
server:
  port: 8080
api:
  url: https://api.example.com
`;

const exampleText = (prefix: string): string => `# The port to listen on
# a whole number from 1 to 65535, required
${prefix}_SERVER_PORT=

# The address to listen on
# a string, optional
# ${prefix}_SERVER_HOST=localhost

# one of "debug", "info", "warn", "error", optional
# ${prefix}_LOG_LEVEL=info

# a URL, required
${prefix}_API_URL=

# Keep it out of files: set the variable
# a string, optional, secret
# ${prefix}_API_TOKEN=
`;

/** The files of a new project, by name. */
export const firstFiles = (module: string, prefix: string): Readonly<Record<string, string>> => ({
  [module]: moduleText(prefix),
  'config/base.yaml': baseText,
  '.env.example': exampleText(prefix),
});

/** What git must not track: `.env` files have the values of one machine. */
export const ignoredFiles = ['.env', '.env.*', '!.env.example'];
