// The list of pages, in the order of the sidebar. A new page is one line here; the page of an incident needs
// none. Used by the site and by test/repository/site.test.ts.
import { readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);

/** The pages of a folder, in the order in which a page links to them. */
const linkedFrom = (page: string, folder: string): readonly string[] => [
  ...new Set(
    [...readFileSync(new URL(page, root), 'utf8').matchAll(/\]\(([\w-]+)\/([\w-]+\.md)\)/g)]
      .filter(([, where]) => where === folder)
      .map(([, , file]) => `docs/${folder}/${file}`),
  ),
];

export const landing = 'docs/index.md';

export const chapters: Readonly<Record<string, readonly string[]>> = {
  'Start here': [
    'docs/getting-started.md',
    'docs/chains.md',
    'docs/schemas-and-reports.md',
    'docs/comparison.md',
  ],
  Guides: [
    'docs/caching-and-resilience.md',
    'docs/composition.md',
    'docs/reload.md',
    'docs/synchronous.md',
    'docs/testing.md',
    'docs/credentials.md',
    'docs/security.md',
    'docs/errors.md',
    'docs/cli.md',
    'docs/cli-modules.md',
  ],
  Providers: [
    'docs/providers/env.md',
    'docs/providers/argv.md',
    'docs/providers/dotenv.md',
    'docs/providers/bundle.md',
    'docs/providers/directory.md',
    'docs/providers/memory.md',
    'docs/providers/encrypted-file.md',
    'docs/providers/keyring.md',
    'docs/providers/vault.md',
    'docs/providers/vault/log-in.md',
    'docs/providers/vault/leases.md',
    'docs/providers/vault/write.md',
    'docs/providers/vault/transit.md',
    'docs/providers/aws.md',
    'docs/providers/gcp.md',
    'docs/providers/azure.md',
    'docs/writing-a-provider.md',
  ],
  Extensions: [
    'docs/extensions/redis.md',
    'docs/extensions/snapshot.md',
    'docs/extensions/rotation.md',
    'docs/extensions/guard.md',
    'docs/extensions/audit.md',
    'docs/extensions/otel.md',
    'docs/extensions/llm.md',
    'docs/extensions/prompts.md',
    'docs/extensions/cost.md',
  ],
  Integrations: [
    'docs/integrations/nestjs.md',
    'docs/integrations/fastify.md',
    'docs/integrations/openfeature.md',
  ],
  Recipes: [
    'docs/recipes/twelve-factor.md',
    'docs/recipes/kubernetes.md',
    'docs/recipes/lambda.md',
    'docs/recipes/monorepo.md',
    'docs/recipes/multi-tenant.md',
    'docs/recipes/many-processes.md',
    'docs/recipes/cross-region.md',
    'docs/recipes/air-gapped.md',
    'docs/recipes/bank.md',
    'docs/recipes/llm-service.md',
    'docs/recipes/nextjs.md',
    'docs/recipes/express.md',
    'docs/recipes/hono.md',
    'docs/recipes/vite.md',
    'docs/recipes/cloudflare-workers.md',
    'docs/recipes/browser.md',
    'docs/recipes/runtimes.md',
    'docs/recipes/required-in-production.md',
    'docs/recipes/before-each-commit.md',
  ],
  Migration: [
    'docs/recipes/from-dotenv-and-zod.md',
    'docs/recipes/from-node-config.md',
    'docs/recipes/from-convict.md',
    'docs/recipes/from-powertools.md',
    'docs/recipes/from-ai-fallback.md',
    'docs/recipes/from-litellm.md',
    'docs/recipes/from-infra.md',
  ],
  Incidents: ['docs/incidents.md', ...linkedFrom('docs/incidents.md', 'incidents')],
  Background: [
    'docs/glossary.md',
    'docs/performance.md',
    'docs/architecture.md',
    'docs/licences.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
  ],
};

/** Shorter names for the sidebar, where a heading is too long for it. */
const shortNames: Readonly<Record<string, string>> = {
  'docs/comparison.md': 'Comparison',
  'docs/cli-modules.md': 'Modules of the command line',
  'docs/incidents.md': 'All incidents',
  'docs/providers/bundle.md': 'JSON, YAML and TOML',
  'docs/providers/encrypted-file.md': 'Encrypted files',
  'docs/providers/keyring.md': 'Keyring',
  'docs/extensions/guard.md': 'Guard',
  'docs/extensions/snapshot.md': 'Snapshot',
  'docs/recipes/browser.md': 'In the browser',
  'docs/recipes/required-in-production.md': 'Required in production',
  'docs/recipes/vite.md': 'Vite',
  'docs/licences.md': 'Licences',
};

/** Every page except the first one. */
export const listed: readonly string[] = Object.values(chapters).flat();

/** The heading of a page, without its marks. */
export const titleOf = (page: string): string =>
  /^# (.+)$/m.exec(readFileSync(new URL(page, root), 'utf8'))?.[1]?.replaceAll('`', '') ?? page;

export const nameOf = (page: string): string => shortNames[page] ?? titleOf(page);

/** Where the site has a page: `docs/reload.md` is `reload.md`, and `SECURITY.md` is `project/security.md`. */
export const placeOf = (page: string): string =>
  page.startsWith('docs/') ? page.slice('docs/'.length) : `project/${page.toLowerCase()}`;
