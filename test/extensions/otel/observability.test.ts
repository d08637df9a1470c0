// The page, the rules, the alerts and the dashboard name the metrics that there are.
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { register } from '../../../examples/prom-client/collector.ts';
import { read } from '../../../scripts/files.ts';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { metricRows, requestDuration } from '../../../src/extensions/otel/metric-names.ts';
import { MemorySecondLevel } from '../../../src/testing/memory-second-level.ts';
import { sheltering } from '../../support/sheltering.ts';

const folder = 'docs/observability';
const page = read('docs/extensions/otel.md');

/** The names that exporters for Prometheus give to a metric, with the unit and without. */
const names = new Set(
  [...metricRows, { ...requestDuration, instrument: 'histogram' as const }].flatMap(
    ({ name, instrument, unit }) => {
      const base = name.replaceAll('.', '_');
      const endings =
        instrument === 'counter'
          ? ['_total']
          : instrument === 'histogram'
            ? ['_bucket', '_sum', '_count']
            : [''];
      return endings.flatMap((ending) => [
        base + ending,
        ...(unit === 's' ? [`${base}_seconds${ending}`] : []),
      ]);
    },
  ),
);

/** The metrics that a query names. */
const metricsIn = (query: string): string[] =>
  [...query.matchAll(/\bllm_config_[a-z_]+(?:\(_seconds\)\?[a-z_]*)?/g)]
    .map(([name]) => name)
    .filter((name) => !/^llm_config_(?:provider|answer|request_type)$/.test(name))
    .flatMap((name) =>
      name.includes('(')
        ? [name.replace('(_seconds)?', ''), name.replace('(_seconds)?', '_seconds')]
        : [name],
    );

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly expr: string; readonly annotations?: { readonly page: string } }[];
  }[];
}
const rulesIn = (file: string) =>
  (parse(read(`${folder}/${file}`)) as Rules).groups.flatMap(({ rules }) => rules);
interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const dashboard = JSON.parse(read(`${folder}/grafana.json`)) as Dashboard;

describe('the rules, the alerts and the dashboard', () => {
  it.each([
    ['rules.yaml', rulesIn('rules.yaml').map(({ expr }) => expr)],
    ['alerts.yaml', rulesIn('alerts.yaml').map(({ expr }) => expr)],
    ['grafana.json', dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))],
  ])('%s names only metrics that there are', (_, queries) => {
    const named = queries.flatMap(metricsIn);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it('the recipe for prom-client has every metric of the table, with its label', async () => {
    const registry = new Registry();
    register(registry);
    const shared = { identity: () => ({ store: 'fake', view: '' }) } as object;
    const { provider } = sheltering({ a: 'fake' }, { second: new MemorySecondLevel() }, shared);
    await provider.getMany(['a', 'b']);
    await using _config = await loadConfig(new ProviderChain([provider]));
    const all = (await registry.getMetricsAsJSON()) as readonly {
      readonly name: string;
      readonly values: readonly { readonly labels: object }[];
    }[];
    expect(all.map(({ name }) => name)).toEqual(
      metricRows.map(({ name, instrument }) => {
        return name.replaceAll('.', '_') + (instrument === 'counter' ? '_total' : '');
      }),
    );
    for (const [i, { name, values }] of all.entries())
      for (const { labels } of values)
        expect([name, ...Object.keys(labels)]).toEqual(
          [name, 'llm_config_provider', metricRows[i]?.attribute?.replaceAll('.', '_')].filter(Boolean),
        );
  });

  it('the dashboard shows every metric', () => {
    const shown = new Set(
      dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr))),
    );
    const hidden = [...metricRows, requestDuration].filter(
      ({ name }) => ![...shown].some((one) => one.startsWith(name.replaceAll('.', '_'))),
    );
    expect(hidden.map(({ name }) => name)).toEqual([]);
  });

  it('every alert names a heading that exists', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replace(/\s/g, '-');
    const pages = rulesIn('alerts.yaml').map(({ annotations }) => annotations?.page ?? '');
    const broken = pages.filter((one) => {
      const [file = '', anchor] = one.split('#');
      return ![...read(file).matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => slug(heading) === anchor);
    });
    expect(pages.length).toBeGreaterThan(5);
    expect(broken).toEqual([]);
  });
});

describe('the page of telemetry', () => {
  it('the page has every metric with its kind and attribute, and no other', () => {
    const kinds = { counter: 'counter', gauge: 'gauge', sum: 'up-down counter' };
    const rows = [
      ...page.matchAll(
        /^\| `(llm_config\.[\w.]+)` \| (counter|gauge|up-down counter|histogram)(?:, (\w+))? \| ([^|]*)\|/gm,
      ),
    ];
    const shown = rows.map(([, name, kind, unit = '', attributes = '']) => [
      name,
      kind,
      unit,
      /`([\w.]+)`/.exec(attributes)?.[1],
    ]);
    expect(shown).toEqual(
      expect.arrayContaining(
        metricRows.map(({ name, instrument, unit, attribute }) => [
          name,
          kinds[instrument],
          unit === 's' ? 's' : '',
          attribute,
        ]),
      ),
    );
    expect(shown).toHaveLength(metricRows.length + 1);
  });

  it('the page has every attribute of a span', () => {
    const source = read('src/extensions/otel/attributes.ts');
    const named = [...source.matchAll(/'((?:llm_config|server|error)\.[\w.]+)'/g)].map(([, name]) => name);
    const all = [...named, 'llm_config.read.type', 'llm_config.write.type'];
    expect(all.length).toBeGreaterThan(15);
    expect(all.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('the page has every value of llm_config.answer', () => {
    const answers = metricRows
      .flatMap(({ numbers }) => Object.values(numbers))
      .filter((answer) => answer !== '');
    expect(answers.filter((answer) => !page.includes(`\`${answer}\``))).toEqual([]);
  });
});
