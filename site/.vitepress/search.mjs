// How the search of the site ranks. Pages come before the symbols of the API, and the title of a page before a
// heading in it. check.mjs tries it in the browser.

/** Words that readers look for and that the heading of the page does not have. Added to the page's index. */
export const alsoCalled = {
  'reload.md': ['watch', 'hot reload', 'refresh'],
  'credentials.md': ['rotate', 'rotation'],
  'observability.md': ['metrics', 'tracing'],
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
    if (/^\/(?:project|incidents)\//.test(id)) return 0.3 * own;
    return (/^\/[\w-]+(?:\.html)?(?:#|$)/.test(id) ? 2.5 : 1) * own;
  },
};

/** What the search knows of a page. Of the API, only the names of the symbols are sections. */
export function render(source, env, md) {
  const html = md.render(source, env);
  if (env.frontmatter?.layout === 'home') return '';
  if (!env.relativePath.startsWith('api/')) {
    const words = alsoCalled[env.relativePath]?.join(' ');
    return words ? html.replace('</h1>', `</h1><p>${words}</p>`) : html;
  }
  return html.replace(/<h[4-6][^>]*>([\s\S]*?)<\/h[4-6]>/g, '');
}
