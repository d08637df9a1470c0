// The ten figures that docs/performance.md opens with, as a table and as bars. Each figure is one that a
// benchmark has measured: this file only chooses them.
import { type Figure, printed, type Section } from './report.ts';

interface Choice {
  readonly says: string;
  /** The title of the section that has the figures. */
  readonly section: string | RegExp;
  readonly ours: string | RegExp;
  /** The strongest library of each other kind: the name to show, and the name of its figure. */
  readonly peers: Readonly<Record<string, string>>;
}

const choices: readonly Choice[] = [
  {
    says: 'Import into a new process',
    section: 'importing into a fresh process, CPU',
    ours: 'llm-config-manager',
    peers: { dotenv: 'dotenv', convict: 'convict' },
  },
  {
    says: 'Import and first load of 20 keys, validated by zod',
    section: 'import and first load of 20 keys in a fresh process, CPU',
    ours: /^llm-config-manager/,
    peers: { 'dotenv + zod': 'dotenv and zod', 'c12 + zod': 'c12, JSON and zod' },
  },
  {
    says: 'Load of 1,000 keys of JSON, the 60th in a process',
    section: 'JSON, 1,000 keys, loaded and validated, CPU',
    ours: 'llm-config-manager, the 60th',
    peers: { 'c12, from its cache': 'c12 and zod, the 60th' },
  },
  {
    says: 'Load of 1,000 variables, the 60th in a process',
    section: '1,000 environment variables, typed and validated, CPU',
    ours: 'llm-config-manager, the 60th',
    peers: { znv: 'znv, the 60th' },
  },
  {
    says: 'Read of a value of a loaded configuration',
    section: 'one of 1,000 keys, random order',
    ours: 'config.get',
    peers: { 'Azure provider': 'Azure configuration provider get', 'node-config': 'node-config get' },
  },
  {
    says: 'Read of a cached secret',
    section: 'a cached read, asked directly',
    ours: 'sheltered provider',
    peers: {
      'ttlcache, by hand': 'ttlcache, by hand',
      Powertools: 'Powertools',
      'async-cache-dedupe': 'async-cache-dedupe',
    },
  },
  {
    says: 'Read of a cached secret behind env and .env',
    section: 'a cached read behind env and .env, ES module',
    ours: 'chain of three, ES module',
    peers: { 'Maps, by hand': 'async functions over Maps' },
  },
  {
    says: '1,000 readers of one secret at once, not cached',
    section: '1,000 readers of one key at once, nothing cached',
    ours: 'sheltered provider',
    peers: { bentocache: 'bentocache', Powertools: 'Powertools' },
  },
  {
    says: '100 parameters of AWS SSM, 20 ms away',
    section: '100 parameters, asked for each time',
    ours: 'AwsSsmProvider',
    peers: { 'the SDK, by hand': 'the SDK, in tens, all at once', Powertools: 'Powertools' },
  },
  {
    says: 'Memory of one of 100,000 keys',
    section: /^memory of a configuration/,
    ours: 'a Config',
    peers: { 'JSON.parse': 'JSON.parse of the values' },
  },
];

/** One of the ten: our figure first. */
export interface Decision {
  readonly says: string;
  readonly bars: readonly { readonly name: string; readonly figure: Figure }[];
}

const own = 'llm-config-manager';

/** Chooses the figures. Throws for one that was not measured. */
export function decisions(sections: readonly Section[]): readonly Decision[] {
  const fits = (name: string, wanted: string | RegExp): boolean =>
    typeof wanted === 'string' ? name === wanted : wanted.test(name);
  return choices.map(({ says, section, ours, peers }) => {
    const found = sections.find(({ title }) => fits(title, section));
    const figureOf = (wanted: string | RegExp): Figure => {
      const figure = found?.figures.find(({ name }) => fits(name, wanted));
      if (!figure) throw new Error(`"${says}" needs ${wanted} of ${section}, which is not measured`);
      return figure;
    };
    const others = Object.entries(peers).map(([name, wanted]) => ({ name, figure: figureOf(wanted) }));
    return { says, bars: [{ name: own, figure: figureOf(ours) }, ...others] };
  });
}

const shown = ({ value, unit }: Figure): string => printed(value, unit);

/** The ten figures as rows of a Markdown table. */
export const decisionRows = (all: readonly Decision[]): readonly (readonly string[])[] =>
  all.map(({ says, bars: [ours, ...peers] }) => [
    says,
    ours ? shown(ours.figure) : '',
    peers.map(({ name, figure }) => `${name} ${shown(figure)}`).join(', '),
  ]);

const themes = {
  light: { text: '#1f2328', faint: '#59636e', ours: '#0969da', theirs: '#c4ccd4' },
  dark: { text: '#f0f6fc', faint: '#9198a1', ours: '#4493f8', theirs: '#3d444d' },
} as const;
/** The themes by the files of their pictures. */
export const pictures = { 'performance.svg': 'light', 'performance-dark.svg': 'dark' } as const;

const width = 400;
const margin = 12;
const nameWidth = 136;
const valueWidth = 100;
const lineHeight = 20;
const barHeight = 12;

/** The ten figures as bars: 400 units wide, so that the text has its size on a telephone. */
export function picture(all: readonly Decision[], theme: keyof typeof themes): string {
  const colours = themes[theme];
  const longest = width - 2 * margin - nameWidth - valueWidth;
  const parts: string[] = [];
  let y = margin;
  const text = (x: number, content: string, more: string): string =>
    `<text x="${x}" y="${y}" ${more}>${content.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`;
  for (const { says, bars } of all) {
    y += 16;
    parts.push(text(margin, says, `fill="${colours.text}" font-weight="600"`));
    const most = Math.max(...bars.map(({ figure }) => figure.value));
    for (const [i, { name, figure }] of bars.entries()) {
      y += lineHeight;
      const length = Math.max(1.5, (longest * figure.value) / (most || 1));
      const fill = i === 0 ? colours.ours : colours.theirs;
      const label = `fill="${i === 0 ? colours.text : colours.faint}"`;
      parts.push(
        text(margin, name, label),
        `<rect x="${margin + nameWidth}" y="${y - barHeight + 2}" width="${length.toFixed(1)}"` +
          ` height="${barHeight}" rx="2" fill="${fill}"/>`,
        text(margin + nameWidth + length + 6, shown(figure), label),
      );
    }
    y += 16;
  }
  const fonts = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
  const box = `viewBox="0 0 ${width} ${y}" role="img" font-family="${fonts}" font-size="12.5"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>
<title>Ten figures of llm-config-manager beside other libraries. Shorter bars are better</title>
${parts.join('\n')}
</svg>
`;
}
