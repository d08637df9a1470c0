// The style and the script of a report's page, for `page.ts`. Both are inside the page, which allows nothing
// else.

export const style = `
:root { color-scheme: light dark; --back: #fbfaf7; --card: #fff; --text: #1c1f23; --soft: #626a73;
  --line: #dfe1e4; --won: #1f7a4d; --lost: #b9c0c8; --bad: #b3261e; --warn: #8a5a00; --mark: #e8f3ec; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --card: #1c2024; --text: #e8eaed;
  --soft: #a0a8b1; --line: #343a40; --won: #5cc48d; --lost: #515a63; --bad: #ff8a80; --warn: #f0b849;
  --mark: #1d3228; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 36px 0 12px; }
p { margin: 4px 0; }
.soft { color: var(--soft); }
.bad { color: var(--bad); }
.warn { color: var(--warn); }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px;
  overflow-wrap: anywhere; }
.layers { list-style: none; margin: 0; padding: 0; }
.layers li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px;
  display: grid; grid-template-columns: minmax(0, 1.3fr) minmax(0, 1fr) minmax(0, 1.2fr); gap: 4px 18px;
  align-items: center; }
.layers li + li { margin-top: 18px; position: relative; }
.layers li + li::before { content: ""; position: absolute; left: 26px; top: -19px; height: 18px;
  border-left: 2px solid var(--lost); }
.layers .result { background: var(--mark); border-color: var(--won); }
.layers .reason { grid-column: 1 / -1; overflow-wrap: anywhere; }
.bar { width: 100%; height: 10px; display: block; border-radius: 5px; }
.bar .back { fill: var(--line); } .bar .won { fill: var(--won); } .bar .lost { fill: var(--lost); }
.pill { border: 1px solid currentColor; border-radius: 10px; padding: 0 8px; font-size: 12px;
  white-space: nowrap; display: inline-block; }
.ok { color: var(--won); }
.filter { display: flex; flex-wrap: wrap; gap: 10px 16px; align-items: center; position: sticky; top: 0;
  background: var(--back); padding: 10px 0; z-index: 1; }
.filter input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--soft);
  border-radius: 6px; padding: 7px 11px; flex: 1 1 260px; min-width: 0; }
.filter input:focus-visible, summary:focus-visible { outline: 2px solid var(--won); outline-offset: 2px; }
.keys { border-top: 1px solid var(--line); }
details { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: 9px 4px; display: grid; gap: 2px 18px; align-items: baseline;
  grid-template-columns: minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1.3fr) 92px; list-style: none; }
summary .pill { justify-self: end; }
summary::-webkit-details-marker { display: none; }
summary .key::before { content: "▸ "; color: var(--soft); }
details[open] summary .key::before { content: "▾ "; }
details .more { padding: 2px 4px 14px 20px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12px; }
th, td { padding: 4px 14px 4px 0; vertical-align: top; }
td { overflow-wrap: anywhere; }
[hidden] { display: none !important; }
@media (max-width: 640px) {
  main { padding: 16px 14px 48px; }
  .layers li { grid-template-columns: minmax(0, 1fr) auto; }
  .layers .share { grid-column: 1 / -1; }
  summary { grid-template-columns: minmax(0, 1fr) auto; }
  summary .pill { grid-row: 1; grid-column: 2; }
  summary .value, summary .origin { grid-column: 1 / -1; padding-left: 16px; }
  details .more { padding-left: 16px; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; left: -9999px; }
  tr { padding: 6px 0; border-top: 1px dashed var(--line); }
  td { padding: 1px 0; }
  td[data-name]:not(:empty)::before { content: attr(data-name) " "; color: var(--soft); font-size: 12px; }
}
@media print { .filter { display: none; } details > .more { display: block; } }
`;

export const script = `
const box = document.querySelector('#filter');
const rows = [...document.querySelectorAll('.keys details')];
const texts = rows.map((row) => row.textContent.toLowerCase());
const count = document.querySelector('#count');
const update = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, i) => {
    row.hidden = !words.every((word) => texts[i].includes(word));
    if (!row.hidden) shown++;
  });
  count.textContent = shown === rows.length ? rows.length + ' keys' : shown + ' of ' + rows.length + ' keys';
};
box.addEventListener('input', update);
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && event.target !== box) {
    event.preventDefault();
    box.focus();
  }
});
document.querySelector('.filter').hidden = false;
update();
`;
