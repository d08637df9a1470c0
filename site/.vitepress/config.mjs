// The site: VitePress over the pages that stage.ts and reference.mjs have written into .pages.
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { anchorOf } from '../../scripts/links.ts';
import { chapters, nameOf, placeOf } from '../chapters.ts';
import { stacked } from '../tables.ts';
import { render, searchOptions } from './search.mjs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const { name, description, version } = manifest;

const linkTo = (page) => `/${placeOf(page).replace(/\.md$/, '')}`;
const folder = new URL(`../.pages/api/${name}/`, import.meta.url);
const modules = readdirSync(folder)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -'.md'.length))
  .sort((a, b) => Number(b === 'index') - Number(a === 'index') || a.localeCompare(b))
  .map((file) => ({
    text: file === 'index' ? name : `…/${file}`,
    link: `/api/${name}/${file === 'index' ? '' : file}`,
  }));

const sidebar = [
  ...Object.entries(chapters).map(([text, pages]) => ({
    text,
    items: pages.map((page) => ({ text: nameOf(page), link: linkTo(page) })),
  })),
  { text: 'Reference', items: [{ text: 'All modules', link: '/api/' }, ...modules] },
];

/** The address of the repository: from the environment of a build, else from package.json. Without it, the
 *  site has no link. */
const { SITE_REPOSITORY, SITE_BASE = '/' } = process.env;
const repository = (SITE_REPOSITORY ?? manifest.repository?.url)?.replace(/^git\+|\.git$/g, '');
const npm = {
  icon: 'npm',
  link: `https://www.npmjs.com/package/${name}`,
  ariaLabel: 'the package on npm',
};

/** Vue would evaluate double braces in code. */
function plainCode(md) {
  const render = md.renderer.rules.code_inline;
  md.renderer.rules.code_inline = (...args) => render(...args).replace('<code', '<code v-pre');
}

export default defineConfig({
  title: name,
  description,
  lang: 'en',
  base: SITE_BASE,
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: 'node_modules/.cache/vitepress',
  metaChunk: true,
  head: [['meta', { name: 'theme-color', content: '#3451b2' }]],
  ignoreDeadLinks: false,
  markdown: {
    // these two pass the rules for contrast
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    anchor: { slugify: anchorOf },
    languageAlias: { dotenv: 'ini', mts: 'ts', cts: 'ts' },
    config: (md) => void md.use(plainCode).use(stacked),
  },
  themeConfig: {
    siteTitle: name,
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/getting-started', activeMatch: '^/(?!api|comparison|project|providers)\\w' },
      { text: 'Providers', link: '/providers/env', activeMatch: '^/providers/' },
      { text: 'Comparison', link: '/comparison' },
      { text: 'Reference', link: `/api/${name}/`, activeMatch: '^/api/' },
      { text: version, link: '/project/changelog' },
    ],
    sidebar,
    socialLinks: [
      ...(repository?.startsWith('https:')
        ? [{ icon: 'github', link: repository, ariaLabel: 'the repository' }]
        : []),
      npm,
    ],
    search: {
      provider: 'local',
      options: { _render: render, detailedView: false, miniSearch: { searchOptions } },
    },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
  // the first page has no landmark of its own
  transformHtml: (html) => html.replace(/(<div class="VPContent is-home" id="VPContent")/, '$1 role="main"'),
  vite: { publicDir: 'public', build: { chunkSizeWarningLimit: 4_000 } },
});
