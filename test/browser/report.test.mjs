// The page that `llm-config report` writes, in a headless Chromium: at two widths, light and dark.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const source = new URL('../../src/', import.meta.url).href;
const canary = 'fake-Zq83-not-real';
/** The one of the project: the browser brings another version. */
const zod = pathToFileURL(createRequire(new URL('../../package.json', import.meta.url)).resolve('zod')).href;
const folder = mkdtempSync(join(tmpdir(), 'lcm-page-'));
const long = 'a'.repeat(120);
writeFileSync(
  join(folder, 'config.mjs'),
  `import { MemoryProvider } from '${source}providers/memory.ts';
   import { z } from '${zod}';
   export const schema = z.object({
     server: z.object({ port: z.number(), host: z.string().default('localhost') }),
     db: z.object({ password: z.string(), url: z.string() }),
     names: z.record(z.string(), z.any()),
   });
   const health = async () => ({ status: 'degraded', reason: 'slow ${long}', latencyMs: 812, checkedAt: 0 });
   const store = new MemoryProvider({ db: { password: '${canary}' } }, { name: 'store ${long}' });
   export const chain = [
     { name: store.name, get: (key) => store.get(key), list: (at) => store.list(at), health },
     new MemoryProvider({
       server: { port: 'many' },
       db: { password: 'old-${canary}', url: 'https://example.com/${long}?${long}' },
       names: { '<img src=x onerror=alert(1)>': '</script><script>alert(2)</script>', ['${long}']: '${long}' },
     }, { name: 'defaults' }),
   ];`,
);
const page = join(folder, 'report.html');
const main = new URL('cli/main.ts', source).pathname;
execFileSync(process.execPath, [
  ...['--import', import.meta.resolve('tsx'), main, 'report', join(folder, 'config.mjs'), '--html', page],
]);

let browser;
beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? (await chromium.executablePath());
  browser = await puppeteer.launch({ args: chromium.args, executablePath, headless: 'shell' });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens the page, and records what it asks for and what goes wrong. */
async function opened(width, scheme) {
  const tab = await browser.newPage();
  const requests = [];
  const failures = [];
  tab.on('request', (request) => requests.push(request.url()));
  tab.on('console', (message) => failures.push(message.text()));
  tab.on('pageerror', (error) => failures.push(error.message));
  tab.on('dialog', (dialog) => failures.push(dialog.message()) && dialog.dismiss());
  await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await tab.setViewport({ width, height: 900 });
  await tab.goto(pathToFileURL(page).href);
  return { tab, requests, failures };
}

/** The contrast of a text with what is behind it, by WCAG. */
const contrastOf = (tab, selector) =>
  tab.$eval(selector, (element) => {
    const luminance = (colour) => {
      const [r, g, b] = colour
        .match(/[\d.]+/g)
        .map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let behind = element;
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
    const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(luminance);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });

describe.each([
  ['wide and light', 1200, 'light'],
  ['narrow and dark', 390, 'dark'],
  ['narrow and light', 390, 'light'],
  ['wide and dark', 1200, 'dark'],
])('the page, %s', (_, width, scheme) => {
  it('fits the window, asks for nothing, and runs only its own script', async () => {
    const { tab, requests, failures } = await opened(width, scheme);
    await tab.$$eval('details', (all) => {
      for (const one of all) one.open = true;
    });
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
    expect(requests).toHaveLength(1);
    expect(failures).toEqual([]);
    expect(await tab.content()).not.toContain(canary);
    await tab.close();
  });

  it('can be read: the contrast of texts is 4.5 or more', async () => {
    const { tab } = await opened(width, scheme);
    for (const selector of [
      'h1',
      '.soft',
      '.pill.ok',
      '.pill.warn',
      '.bad',
      '.layers .result .soft',
      'summary .origin',
    ])
      expect(await contrastOf(tab, selector), selector).toBeGreaterThanOrEqual(4.5);
    await tab.close();
  });

  it('filters by words as they are typed, and opens a key', async () => {
    const { tab } = await opened(width, scheme);
    const shown = () =>
      tab.$$eval('.keys details', (all) =>
        all
          .filter((one) => one.getClientRects().length > 0)
          .map((one) => one.querySelector('.key').textContent),
      );
    const all = [expect.stringMatching(/img src/), `names.${long}`];
    expect(await shown()).toEqual(['server.port', 'server.host', 'db.password', 'db.url', ...all]);
    await tab.keyboard.press('/');
    await tab.keyboard.type('secret shadowed');
    expect(await shown()).toEqual(['db.password']);
    expect(await tab.$eval('#count', (one) => one.textContent)).toBe('1 of 6 keys');
    await tab.click('.keys details:not([hidden]) summary');
    const text = await tab.$eval('.keys details[open]', (one) => one.innerText);
    expect(text).toMatch(/defaults[\s\S]*shadowed[\s\S]*\[redacted\]/);
    await tab.close();
  });

  it('can be read without its script', async () => {
    const { tab } = await opened(width, scheme);
    await tab.setJavaScriptEnabled(false);
    await tab.reload();
    expect(await tab.$eval('.filter', (one) => one.hidden)).toBe(true);
    expect(await tab.$$eval('.keys details', (all) => all.length)).toBe(6);
    await tab.close();
  });
});
