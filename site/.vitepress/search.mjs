// How the search of the site ranks. Pages come before the symbols of the API, and the title of a page before
// a heading in it. check.mjs tries it in the browser.

/** Words that readers look for and that the heading of the page does not have. Added to the page's index. */
export const alsoCalled = {
  'getting-started.md': 'install, installation, quick start, TypeScript, tutorial',
  'cli.md': 'CLI, llm-config',
  'chains.md': 'priority, precedence, default, override, merge',
  'reload.md': 'watch, hot reload, refresh, rollback, roll back',
  'caching-and-resilience.md': 'cache, retry, timeout, health, metrics',
  'credentials.md': 'rotated password, rotate',
  'security.md': 'secret, secrets, mask, redact',
  'testing.md': 'mock, fake, stub',
  'extensions/cost.md': 'budget, price, spend',
  'extensions/guard.md': 'policy, authorization, access control, role',
  'extensions/llm.md': 'OpenAI, Anthropic, failover, LLM',
  'extensions/otel.md': 'OpenTelemetry, Prometheus, Grafana, metrics, tracing',
  'extensions/rotation.md': 'rotate a secret, password rotation, key rotation',
  'integrations/openfeature.md': 'feature flag, feature flags, toggle',
  'providers/vault/log-in.md': 'Vault token, login, AppRole, Kubernetes auth',
  'recipes/cross-region.md': 'multi-region, replica',
  ...Object.fromEntries(
    ['ai-fallback', 'convict', 'dotenv-and-zod', 'infra', 'litellm', 'node-config', 'powertools'].map(
      (old) => [`recipes/from-${old}.md`, `migrate, migration, ${old.split('-').join(' ')}`],
    ),
  ),
};

export const searchOptions = {
  fuzzy: 0.2,
  prefix: true,
  combineWith: 'AND',
  weights: { prefix: 0.8, fuzzy: 0.3 },
  boost: { title: 4, text: 1, titles: 2 },
  // self-contained, because VitePress passes it to the browser as text
  boostDocument(id, _term, stored) {
    if (id.startsWith('/api/')) return 0.05;
    const own = stored?.titles?.length === 0 ? 3 : 1;
    if (/^\/(?:project|incidents|performance|licences|architecture)\b/.test(id)) return 0.3 * own;
    if (/^\/providers\/vault\//.test(id)) return 0.6 * own;
    return (/^\/[\w-]+(?:\.html)?(?:#|$)/.test(id) ? 2 : 1) * own;
  },
};

/** What the search knows of a page. Of the API, only the names of the symbols are sections. */
export function render(source, env, md) {
  const html = md.render(source, env);
  if (env.frontmatter?.layout === 'home') return '';
  if (!env.relativePath.startsWith('api/')) {
    const words = alsoCalled[env.relativePath];
    return words ? html.replace('</h1>', `</h1><p>${`${words} `.repeat(4)}</p>`) : html;
  }
  return html.replace(/<h[4-6][^>]*>([\s\S]*?)<\/h[4-6]>/g, '');
}
