/** Scenarios -> a picture: what was asked and what the replicas could do, and what became of the requests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { startBrowser } from '../../test/api/playground/browser.ts'
import { chartLibrary } from '../../api/cli/report/chart-library.ts'
import type { Scenario } from './scenarios.ts'

const size = { width: 1500, height: 780 }

/** Writes a PNG, which a headless Chromium draws. */
export async function drawPlot (scenarios: readonly Scenario[], sliceSeconds: number, path: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-plot-'))
  const browser = startBrowser()
  try {
    const page = join(folder, 'plot.html')
    writeFileSync(page, makePlotPage(scenarios, sliceSeconds))
    const tab = await browser.open(() => {})
    await tab.send('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: 1, mobile: false })
    await tab.send('Page.navigate', { url: pathToFileURL(page).href })
    const isDrawn = async (): Promise<boolean> =>
      (await tab.send('Runtime.evaluate', { expression: 'document.documentElement.dataset.drawn' }))['result'].value === 'true'
    for (const until = performance.now() + 20_000; !await isDrawn(); await sleep(50)) {
      if (performance.now() > until) throw new Error('Expected the browser to draw the charts within 20 s.')
    }
    const { data } = await tab.send('Page.captureScreenshot', { format: 'png' }) as { data: string }
    writeFileSync(path, Buffer.from(data, 'base64'))
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true })
  }
}

interface Column {
  readonly title: string
  readonly offered: readonly Point[]
  readonly capacity: readonly Point[]
  readonly p99: readonly Point[]
  readonly refused: readonly Point[]
}

interface Point { readonly x: number, readonly y: number | null }

function columnOf ({ title, outcome, replicaPerSecond }: Scenario, sliceSeconds: number): Column {
  const over = (valueOf: (slice: Scenario['outcome']['slices'][number]) => number): Point[] => outcome.slices.map((slice) => {
    const value = valueOf(slice)
    return { x: slice.fromSecond / 3600, y: Number.isNaN(value) ? null : value }
  })
  return {
    title,
    offered: over(({ offered }) => offered / sliceSeconds),
    capacity: over(({ readyReplicaSeconds }) => readyReplicaSeconds / sliceSeconds * replicaPerSecond),
    p99: over(({ latency }) => latency.quantile(0.99) * 1000),
    refused: over(({ offered, refused }) => offered === 0 ? 0 : refused / offered * 100),
  }
}

function makePlotPage (scenarios: readonly Scenario[], sliceSeconds: number): string {
  const columns = scenarios.map((scenario) => columnOf(scenario, sliceSeconds))
  return `<!doctype html>
<meta charset="utf-8">
<style>
body { margin: 0; padding: 14px; background: #fff; width: ${size.width}px; height: ${size.height}px; box-sizing: border-box;
  display: grid; grid-template: 1fr 1fr / repeat(${columns.length}, minmax(0, 1fr)); gap: 10px; }
div { position: relative; min-height: 0; }
</style>
${columns.map((_, i) => `<div><canvas id="load-${i}"></canvas></div>`).join('')}
${columns.map((_, i) => `<div><canvas id="fate-${i}"></canvas></div>`).join('')}
<script>${chartLibrary()}</script>
<script>
const columns = ${JSON.stringify(columns).replaceAll('<', '\\u003c')}
${plotScript}
</script>
`
}

const plotScript = `
Chart.defaults.animation = false
Chart.defaults.maintainAspectRatio = false
Chart.defaults.font.family = 'sans-serif'
const hours = { type: 'linear', offset: false, min: 0, max: 24, ticks: { stepSize: 4 }, title: { display: true, text: 'hour' } }
const line = (label, data, borderColor, more) => ({ type: 'line', label, data, borderColor, backgroundColor: borderColor, borderWidth: 2, pointRadius: 0, ...more })
const most = Math.max(...columns.flatMap(({ offered, capacity }) => [...offered, ...capacity]).map(({ y }) => y))
columns.forEach(({ title, offered, capacity, p99, refused }, i) => {
  const legend = { position: 'bottom', labels: { boxWidth: 14, boxHeight: 2 } }
  new Chart('load-' + i, {
    data: { datasets: [
      line('requests/s', offered, '#2f6fde'),
      line('what the ready replicas can do', capacity, '#e08a1e', { stepped: true }),
    ] },
    options: {
      plugins: { title: { display: true, text: title, font: { size: 16 } }, legend },
      scales: { x: hours, y: { min: 0, max: Math.ceil(most / 200) * 200, title: { display: true, text: 'images/s' } } },
    },
  })
  new Chart('fate-' + i, {
    data: { datasets: [
      line('p99', p99, '#b5479d'),
      { type: 'bar', label: 'refused or given up', data: refused, backgroundColor: '#c9504a', yAxisID: 'right', barThickness: 4 },
    ] },
    options: {
      plugins: { legend },
      scales: {
        x: hours,
        y: { type: 'logarithmic', min: 5, max: 40000, title: { display: true, text: 'p99, ms' }, ticks: { callback: (value) => [10, 100, 1000, 10000].includes(value) ? value : '' } },
        right: { position: 'right', min: 0, max: 100, title: { display: true, text: '% refused' }, grid: { display: false } },
      },
    },
  })
})
document.documentElement.dataset.drawn = 'true'
`
