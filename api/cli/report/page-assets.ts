/** Style and script of the page, inlined unchanged. */

export const pageStyle = `
:root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #5b6776; --paper: #f6f7f9; --card: #ffffff; --line: #dfe3e8;
  --good: #1a7f4b; --bad: #c0342b; --void: #94700a; --link: #1c5fd4;
  --c0: #2f6fde; --c1: #e08a1e; --c2: #2a9d6f; --c3: #b5479d; --c4: #6f63d9; --c5: #c9504a; --c6: #1593a5; --c7: #9aa4b0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e9f0; --soft: #9aa7b6; --paper: #12161c; --card: #1a2028; --line: #2d3641;
    --good: #4cc38a; --bad: #f0746b; --void: #d9b13b; --link: #7fb0ff;
    --c0: #6ea4ff; --c1: #f2ab4f; --c2: #55c795; --c3: #db7fc6; --c4: #a098f5; --c5: #ee827c; --c6: #4fc0d0; --c7: #73808f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 18px; margin: 0 0 4px; } h3 { font-size: 15px; margin: 18px 0 6px; }
p { margin: 4px 0 12px; color: var(--soft); max-width: 90ch; }
section, figure, details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 18px 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 18px; grid-auto-flow: dense; }
.charts figure { margin: 0; min-width: 0; } figure.wide { grid-column: 1 / -1; }
figure > div { position: relative; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td .whole { white-space: nowrap; }
td.number { font-variant-numeric: tabular-nums; }
tr:last-child td { border-bottom: 0; }
small { color: var(--soft); } a { color: var(--link); }
summary { cursor: pointer; font-weight: 600; }
.notice { border-left: 4px solid var(--void); padding: 4px 12px; }
.badge { display: inline-block; min-width: 52px; text-align: center; font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 9px; border: 1px solid; }
.holds { color: var(--good); } .failed { color: var(--bad); } .void { color: var(--void); }
`

export const pageScript = `
'use strict'
const charts = JSON.parse(document.getElementById('charts').textContent)
const drawn = []
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const colour = (index) => style('--c' + (index % 8))
const scale = (title, more) => ({ title: { display: title !== '', text: title, color: style('--soft') }, ticks: { color: style('--soft') }, grid: { color: style('--line') }, ...more })

function draw () {
  for (const chart of drawn.splice(0)) chart.destroy()
  Chart.defaults.font.family = 'system-ui, sans-serif'
  for (const { id, type, horizontal, stacked, xTitle, yTitle, xScale, labels, datasets } of charts) {
    const isScatter = type === 'scatter'
    const isCurve = type === 'line' && xScale !== 'category'
    const hasRight = datasets.some(({ yAxis }) => yAxis === 'right')
    // Chart.js swaps what x and y mean for lying bars, but not their names.
    const category = { ticks: { color: style('--ink'), autoSkip: !horizontal }, grid: { display: false } }
    drawn.push(new Chart(document.getElementById(id), {
      type: isScatter ? 'scatter' : type,
      data: {
        labels,
        datasets: datasets.map(({ label, data, colour: index, yAxis, dashed }) => ({
          label, data,
          borderColor: colour(index),
          backgroundColor: colour(index),
          borderWidth: type === 'bar' ? 0 : 2,
          borderDash: dashed ? [6, 4] : [],
          showLine: !isScatter || Boolean(dashed),
          pointRadius: dashed ? 0 : isScatter ? 5 : isCurve ? 2 : 4,
          cubicInterpolationMode: 'monotone',
          spanGaps: true,
          maxBarThickness: 34,
          yAxisID: yAxis === 'right' ? 'right' : 'y',
        })),
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        indexAxis: horizontal ? 'y' : 'x',
        interaction: { mode: isScatter || isCurve ? 'nearest' : 'index', intersect: false, axis: horizontal ? 'y' : 'x' },
        plugins: {
          legend: { display: datasets.length > 1, position: 'bottom', labels: { color: style('--ink'), boxWidth: 14, boxHeight: 10 } },
          tooltip: { callbacks: { label: ({ dataset, parsed }) => {
            const value = (number) => Number(number.toPrecision(4))
            return dataset.label + ': ' + (isScatter || isCurve ? value(parsed.x) + ' / ' + value(parsed.y) : value(horizontal ? parsed.x : parsed.y))
          } } },
        },
        scales: {
          x: scale(xTitle, { stacked, ...(xScale !== 'category' && { type: xScale || (horizontal || isScatter ? 'linear' : 'category') }) }),
          y: scale(yTitle, { stacked, beginAtZero: true, ...(horizontal && category) }),
          ...(hasRight && { right: scale('MB', { position: 'right', beginAtZero: true, grid: { display: false } }) }),
        },
      },
    }))
  }
}

try {
  draw()
  document.documentElement.dataset.drawn = String(drawn.length)
} catch (error) {
  document.documentElement.dataset.error = String(error)
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
`
