// Looks at the built site in a browser. Every page is within two clicks and fits a desktop and a telephone.
// Every page that we write passes the rules of axe for texts of pictures, headings, names and landmarks; a
// page of each kind also those for contrast, light and dark. The search finds what it should. `--all` applies
// all these rules to every page, which takes minutes, `--only TEXT` takes the pages whose address has that
// text, and `--pictures FOLDER` writes pictures of them. Needs `npm run build`.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import chromium from '@sparticuz/chromium';
import axe from 'axe-core';
import puppeteer from 'puppeteer-core';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    pictures: { type: 'string' },
  },
});
const dist = fileURLToPath(new URL('dist/', import.meta.url));
const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.html') && file !== '404.html')
  .map((file) => `/${file.replaceAll('\\', '/')}`)
  .sort();
const complaints = [];

/** Pages by the number of clicks from the first one. */
function clicks() {
  const found = new Map([['/index.html', 0]]);
  for (const [page, depth] of found) {
    const html = readFileSync(join(dist, page), 'utf8');
    for (const [, href] of html.matchAll(/<a\b[^>]*?\bhref="([^"#:]+)[#"]/g)) {
      const { pathname } = new URL(href, `http://localhost${page}`);
      const target = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
      if (!found.has(target)) found.set(target, depth + 1);
    }
  }
  return found;
}
const depths = clicks();
for (const page of pages)
  if (!(depths.get(page) <= 2))
    complaints.push(`${page}: ${depths.get(page) ?? 'no'} clicks from the first page`);

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const server = createServer(({ url }, response) => {
  const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  const file = path.endsWith('/') ? `${path}index.html` : path;
  try {
    const content = readFileSync(join(dist, file));
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain' }).end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await puppeteer.launch({
  args: chromium.args,
  executablePath: await chromium.executablePath(),
  headless: 'shell',
});

const desktop = { width: 1440, height: 900 };
const telephone = { width: 390, height: 844 };
const themes = ['light', 'dark'];

/** Pages that have everything whose colours differ: code of all kinds, tables, pictures, tabs, boxes. */
const kinds = [
  '/index.html',
  '/comparison.html',
  '/providers/vault.html',
  '/api/llm-config-manager/aws.html',
];
const isThorough = (page) => values.all || kinds.includes(page);
const isGenerated = (page) => page.startsWith('/api/');

/** The rules of axe that a page breaks. The frame of the site is looked at once, with the first page. */
const broken = (tab, page, rules) =>
  tab.evaluate(
    async (frame, options) => {
      const { violations } = await window.axe.run(frame, { resultTypes: ['violations'], ...options });
      const shown = ({ html, any }) =>
        `${html.slice(0, 120)} ${any[0]?.data?.contrastRatio ? JSON.stringify(any[0].data) : ''}`;
      return violations.map(
        ({ id, nodes }) => `${id}: ${[...new Set(nodes.map(shown))].slice(0, 5).join(' · ')}`,
      );
    },
    page === '/index.html' ? 'html' : '#VPContent',
    rules,
  );
const contrast = {
  runOnly: {
    type: 'rule',
    values: ['color-contrast', 'link-in-text-block', 'region', 'scrollable-region-focusable'],
  },
};
const structure = {
  runOnly: {
    type: 'rule',
    values: [
      ...[
        'image-alt',
        'svg-img-alt',
        'heading-order',
        'empty-heading',
        'page-has-heading-one',
        'document-title',
      ],
      ...['link-name', 'button-name', 'html-has-lang', 'landmark-one-main', 'aria-valid-attr', 'aria-roles'],
      ...['empty-table-header', 'th-has-data-cells', 'list', 'listitem', 'duplicate-id-aria', 'tabindex'],
    ],
  },
};

const show = (tab, theme) =>
  tab.evaluate((isDark) => document.documentElement.classList.toggle('dark', isDark), theme === 'dark');

/** What is wider than the window, and does not scroll by itself. */
const tooWide = (tab) =>
  tab.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`${scrollWidth} px wide in a window of ${clientWidth}`] : [];
  });
const scrollingTables = (tab) =>
  tab.evaluate(() =>
    [...document.querySelectorAll('.vp-doc table')]
      .filter((table) => table.scrollWidth > table.clientWidth + 1)
      .map(
        (table) =>
          `a table of ${table.scrollWidth} px in ${table.clientWidth}: ${table.innerText.slice(0, 60)}`,
      ),
  );

async function look(tab, page) {
  const found = new Set();
  const add = (where, list) => {
    for (const one of list) found.add(`${page} ${where}: ${one}`);
  };
  await tab.setViewport(desktop);
  await tab.goto(origin + page, { waitUntil: 'load' });
  await tab.addStyleTag({ content: '* { transition: none !important; animation: none !important; }' });
  if (isThorough(page) || !isGenerated(page)) {
    await tab.evaluate(axe.source);
    add('in its structure', await broken(tab, page, structure));
  }
  add('at 1440', [...(await tooWide(tab)), ...(await scrollingTables(tab))]);
  for (const theme of isThorough(page) ? themes : []) {
    await show(tab, theme);
    add(theme, await broken(tab, page, contrast));
  }
  await tab.setViewport(telephone);
  add('at 390', [...(await tooWide(tab)), ...(await scrollingTables(tab))]);
  if (values.pictures)
    for (const theme of themes)
      for (const viewport of [desktop, telephone]) {
        await tab.setViewport(viewport);
        await show(tab, theme);
        const name = `${page.slice(1, -'.html'.length).replaceAll('/', '_')}-${viewport.width}-${theme}.png`;
        const whole = await tab.evaluate(() => document.documentElement.scrollHeight);
        const clip = { x: 0, y: 0, width: viewport.width, height: Math.min(whole, 6_000) };
        await tab.screenshot({ path: join(values.pictures, name), clip, captureBeyondViewport: true });
      }
  complaints.push(...found);
}

/** The addresses that the search finds, best first. */
async function search(tab, words) {
  await tab.goto(`${origin}/getting-started.html`, { waitUntil: 'networkidle0' });
  await tab.click('#local-search button');
  await tab.waitForSelector('#localsearch-input');
  await tab.type('#localsearch-input', words);
  await tab.waitForSelector('#localsearch-list a');
  await new Promise((resolve) => setTimeout(resolve, 500));
  return tab.$$eval('#localsearch-list a', (links) =>
    links.map((link) => new URL(link.href).pathname + new URL(link.href).hash),
  );
}

if (values.pictures) mkdirSync(values.pictures, { recursive: true });
try {
  const queue = pages.filter((page) => page.includes(values.only));
  const work = async () => {
    const tab = await browser.newPage();
    await tab.evaluateOnNewDocument(() => localStorage.setItem('vitepress-theme-appearance', 'light'));
    for (let page = queue.shift(); page; page = queue.shift()) await look(tab, page);
    await tab.close();
  };
  await Promise.all([work(), work()]);
  const tab = await browser.newPage();
  await tab.setViewport(desktop);
  const expected = {
    watch: '/reload.html',
    NestJS: '/integrations/nestjs.html',
    'single underscore': '/providers/env.html#names-',
    'vault token': '/providers/vault.html',
    'migrate dotenv': '/recipes/from-dotenv-and-zod.html',
    'feature flag': '/integrations/openfeature.html',
    budget: '/extensions/cost.html',
    rollback: '/reload.html',
    install: '/getting-started.html',
  };
  for (const [words, start] of Object.entries(expected)) {
    const found = await search(tab, words);
    if (!found[0]?.startsWith(start))
      complaints.push(`the search for "${words}" finds ${found.slice(0, 5).join(', ')}`);
  }
} finally {
  await browser.close();
  server.close();
}
for (const one of complaints) console.error(one);
console.log(`${pages.length} pages, ${complaints.length} complaints`);
process.exitCode = complaints.length > 0 ? 1 : 0;
