// The page of a report: one file with its style and script, without a request of any kind. Everything else in
// it is escaped text. The content policy allows only the style and the script that are in assets.ts.

import { createHash } from 'node:crypto';
import { printable } from '../io.ts';
import { script, style } from './assets.ts';
import type { ReportData, ReportedCandidate, ReportedChange, ReportedKey, ReportedLayer } from './data.ts';

/** HTML that is complete. */
class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | undefined | false | Html | readonly Part[];

/** HTML with escaped parts. */
function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, next, i) => text + textOf(parts[i - 1]) + next));
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(textOf).join('');
  return printable(`${part}`).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export function pageOf(data: ReportData): string {
  const policy =
    `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; ` +
    `base-uri 'none'; form-action 'none'`;
  const { module, at, keys, generation, since } = data;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Configuration of ${module}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<header>
<h1>Configuration of <span class="mono">${module}</span></h1>
<p class="soft">Read at <time datetime="${at}">${timeOf(at)}</time>. Secrets are masked.</p>
${verdict(data)}
</header>
<section>
<h2>Layers</h2>
<p class="soft">The highest priority is first. The bar shows the keys that a layer sets, and those that it has
but a layer above sets.</p>
<ol class="layers">
${data.layers.map((layer) => layerOf(layer, keys.length))}
<li class="result"><strong>the configuration</strong><span>${countOf(keys.length, 'key')}</span>
<span class="share soft">${statesOf(keys)}</span></li>
</ol>
</section>
${generation && generationOf(generation)}
${since && changesOf(since)}
<section>
<h2>Keys</h2>
<div class="filter" hidden><input id="filter" type="search" aria-label="Filter keys"
placeholder="Filter: a part of a key, a provider, a type, secret, shadowed …" autocomplete="off"
spellcheck="false">
<span id="count" class="soft" role="status"></span></div>
<div class="keys">
${keys.map(rowOf)}
</div>
</section>
</main>
<script>${new Html(script)}</script>
</body>
</html>
`;
  return page.text;
}

function verdict({ valid, problems, keys }: ReportData): Html {
  const found = keys.reduce((sum, key) => sum + key.problems.length, problems.length);
  if (valid === undefined)
    return html`<p class="warn">The module exports no schema, so nothing is validated.</p>`;
  if (valid) return html`<p class="ok">The configuration is valid.</p>`;
  const ofKeys = keys.flatMap(({ key, problems }) => problems.map((text) => `${key}: ${text}`));
  const items = [...problems, ...ofKeys].map((text) => html`<li class="bad">${text}</li>`);
  return html`<p class="bad">The configuration has ${countOf(found, 'problem')}.</p>
<ul>${items}</ul>`;
}

function layerOf(layer: ReportedLayer, total: number): Html {
  const { name, kind, status, latencyMs, reason, wins, shadowed, unreadable } = layer;
  const share = (count: number): string => ((100 * count) / Math.max(1, total)).toFixed(2);
  const kindText = kind === 'store' ? 'store' : 'on this machine';
  const tone = status === 'ok' ? 'ok' : status === 'degraded' ? 'warn' : 'bad';
  const counts = [
    `sets ${wins}`,
    shadowed > 0 && `has ${shadowed} more`,
    unreadable > 0 && `${unreadable} unreadable`,
  ];
  const latency = latencyMs !== undefined && html`<span class="soft">${latencyMs} ms</span>`;
  return html`<li><span><strong class="mono">${name}</strong> <span class="soft">${kindText}</span></span>
<span><span class="pill ${tone}">${status}</span> ${latency}</span>
<span class="share"><svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
<rect class="back" width="100" height="10"></rect><rect class="won" width="${share(wins)}" height="10"></rect>
<rect class="lost" x="${share(wins)}" width="${share(shadowed)}" height="10"></rect></svg>
<span class="soft">${counts.filter(Boolean).join(', ')}</span></span>
${reason !== undefined && html`<span class="reason ${tone}">${reason}</span>`}</li>`;
}

function statesOf(keys: readonly ReportedKey[]): string {
  const counts = (['set', 'default', 'not set', 'unreadable'] as const).map(
    (state) => [state, keys.filter((key) => key.state === state).length] as const,
  );
  const secrets = keys.filter(({ secret }) => secret).length;
  const parts = counts.flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  return [...parts, ...(secrets > 0 ? [`${secrets} secret`] : [])].join(', ');
}

function generationOf({ number, loadedAt, sources, failure }: NonNullable<ReportData['generation']>): Html {
  return html`<section><h2>Generation</h2>
<p>Generation ${number}, loaded at <time datetime="${loadedAt}">${timeOf(loadedAt)}</time>.</p>
${failure !== undefined && html`<p class="bad">The last reload failed: ${failure}</p>`}
<table><thead><tr><th>source</th><th>entries</th><th>version</th></tr></thead><tbody>
${sources.map(
  ({
    name,
    entries,
    version,
  }) => html`<tr><td class="mono">${name}</td><td data-name="entries">${entries}</td>
<td class="mono" data-name="version">${version}</td></tr>`,
)}
</tbody></table></section>`;
}

function changesOf({ at, changes }: NonNullable<ReportData['since']>): Html {
  const row = ({ key, what, before, after }: ReportedChange): Html =>
    html`<tr><td class="mono">${key}</td><td>${what}</td><td class="mono" data-name="before">${before}</td>
<td class="mono" data-name="now">${after}</td></tr>`;
  return html`<section><h2>Changes</h2>
<p class="soft">Since the report of <time datetime="${at}">${timeOf(at)}</time>. Values of secrets are not
compared, only their sources and versions.</p>
${
  changes.length === 0
    ? html`<p>Nothing has changed.</p>`
    : html`<table><thead><tr><th>key</th><th>change</th><th>before</th><th>now</th></tr></thead>
<tbody>${changes.map(row)}</tbody></table>`
}</section>`;
}

function rowOf(one: ReportedKey): Html {
  const { key, state, secret, type, description, required, value, origin, candidates, problems, error } = one;
  const isInvalid = problems.length > 0;
  const tone = state === 'unreadable' || isInvalid ? 'bad' : state === 'set' ? 'ok' : 'soft';
  const about = [type, required && 'required', secret && 'secret'].filter(Boolean).join(', ');
  const failures = [...problems, ...(error === undefined ? [] : [error])];
  return html`<details><summary><span class="key mono">${key}</span><span class="value mono">${value}</span>
<span class="origin mono soft">${origin}</span>
<span class="pill ${tone}">${isInvalid ? 'invalid' : state}</span></summary>
<div class="more">${about !== '' && html`<p class="soft">${about}</p>`}
${description && html`<p>${description}</p>`}
${failures.map((text) => html`<p class="bad">${text}</p>`)}
${candidates.length === 0 ? html`<p class="soft">No provider has this key.</p>` : candidatesOf(candidates)}
</div></details>
`;
}

const columns = ['provider', 'outcome', 'value', 'where', 'age', 'changed'];
const candidatesOf = (candidates: readonly ReportedCandidate[]): Html =>
  html`<table><thead><tr>${columns.map((name) => html`<th>${name}</th>`)}</tr></thead>
<tbody>${candidates.map(candidateOf)}</tbody></table>`;

function candidateOf(one: ReportedCandidate): Html {
  const { provider, outcome, value, origin, ageMs, stale, modifiedAt, version, error } = one;
  const tone = outcome === 'wins' ? 'ok' : outcome === 'shadowed' ? 'soft' : 'bad';
  const age = ageMs === undefined ? undefined : `read ${ageOf(ageMs)} ago${stale ? ', stale' : ''}`;
  const changed = [modifiedAt && timeOf(modifiedAt), version && `version ${version}`]
    .filter(Boolean)
    .join(', ');
  return html`<tr><td class="mono">${provider}</td><td class="${tone}">${outcome}</td>
<td class="mono" data-name="value">${value}</td><td class="mono" data-name="where">${origin}</td>
<td data-name="age">${age}</td><td data-name="changed">${changed}</td></tr>
${error !== undefined && html`<tr><td colspan="6" class="bad">${error}</td></tr>`}`;
}

const countOf = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
const timeOf = (iso: string): string => iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');

function ageOf(ms: number): string {
  const steps = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  const [size, unit] = steps.find(([size]) => ms >= size) ?? [1, 'ms'];
  return `${Math.floor(ms / size)} ${unit}`;
}
