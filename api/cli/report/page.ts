/**
 * A report: one HTML file that can be mailed, kept as a build artifact, and opened without a network. Chart.js draws its charts.
 */
import type { Chart } from './chart.ts'
import { chartLibrary } from './chart-library.ts'
import { pageScript, pageStyle } from './page-assets.ts'

/** Mark by which a page is recognised that may be replaced. */
export type PageKind = 'network' | 'evaluation' | 'load tests'

const mark = (kind: PageKind): string => `<meta name="generator" content="GhostServe, ${kind}">`

/** Whether a file is such a page. @param beginning - Beginning of the file. */
export const isPage = (beginning: string, kind: PageKind): boolean => beginning.startsWith('<!doctype html>') && beginning.includes(mark(kind))

/** Renders a page. @param content - HTML, with a figure for each of the charts. */
export function renderPage (kind: PageKind, title: string, subtitle: string, charts: readonly Chart[], content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${mark(kind)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escape(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p>${escape(subtitle)}</p>
</header>
<main>
${content.trim()}
</main>
<script>${chartLibrary()}</script>
<script type="application/json" id="charts">${JSON.stringify(charts).replaceAll('<', '\\u003c')}</script>
<script>${pageScript}</script>
</body>
</html>
`
}

export const section = (title: string, content: string, note = ''): string =>
  `<section><h2>${title}</h2>${note === '' ? '' : `<p>${note}</p>`}${content}</section>`

/** All charts, side by side if there is room. */
export const figures = (charts: readonly Chart[]): string => `<div class="charts">${charts.map(figure).join('\n')}</div>`

const figure = ({ id, title, explanation, labels, horizontal }: Chart): string => {
  const height = horizontal === true ? 110 + 26 * (labels?.length ?? 0) : 340
  return `<figure${horizontal === true ? ' class="wide"' : ''}><figcaption><h2>${escape(title)}</h2><p>${escape(explanation)}</p></figcaption>` +
    `<div style="height:${height}px"><canvas id="${escape(id)}" role="img" aria-label="${escape(title)}"></canvas></div></figure>`
}

/** A table whose cells are HTML. Columns from `firstNumber` whose cells begin with a digit are aligned as numbers. */
export function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>, firstNumber: number): string {
  const cells = (row: readonly string[]): string =>
    row.map((cell, i) => `<td${i >= firstNumber && /^[\d.]+$/.test(cell) ? ' class="number"' : ''}>${cell}</td>`).join('')
  return `<div class="table"><table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${
    rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}</tbody></table></div>`
}

export function escape (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
