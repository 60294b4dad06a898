/** Rules, panels and autoscalers' queries against a real Prometheus that scrapes the real service under load. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runLoad } from '../../reliability/load.ts'
import { photoRequest, smallPhoto } from '../../reliability/photos.ts'
import { readFixture } from '../../fixtures/index.ts'
import { ServerProcess } from '../../server-process.ts'
import { expandVariables, readDashboard } from '../dashboard.ts'
import { infraFolder, parseInfraFile } from '../infra-files.ts'
import { findDebianProgram } from './debian-program.ts'
import { findOrSkip } from './missing-tool.ts'
import { PrometheusServer, type Series } from './prometheus-server.ts'

const folder = join(infraFolder, 'observability')
const seconds = 12
const rateInterval = '10s'
/** What a cluster's discovery says of a pod, and autoscalers ask by. */
const labels = { namespace: 'ghostserve', pod: 'ghostserve-0' }

for (const args of [['check', 'rules', 'rules.yml'], ['check', 'config', 'prometheus.yml'], ['test', 'rules', 'rules_test.yml']]) {
  test(`promtool ${args.join(' ')}`, async (t) => {
    const promtool = await findOrSkip(t, () => findDebianProgram('promtool', 'prometheus'))
    if (promtool === undefined) return
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  })
}

test('every query of the dashboard, the rules and the autoscalers has an answer while the service is under load', async (t) => {
  if (await findOrSkip(t, () => findDebianProgram('prometheus', 'prometheus')) === undefined) return
  const server = await ServerProcess.start({ MAX_CLIENT_IMAGES: '0' })
  t.after(() => server.stop())
  server.forgetLog()
  const prometheus = await PrometheusServer.start(t, `127.0.0.1:${server.port}`, labels)

  const photo = photoRequest(await smallPhoto())
  const corrupt = photoRequest(readFixture('chelsea.png').subarray(0, 20_000), 'image/png')
  await sleep(2000) // a counter that begins under load has no increase before its second scrape
  const load = runLoad({ port: server.port, clients: 24, seconds, wires: [photo, photo, photo, corrupt] })
  await sleep((seconds - 1) * 1000)

  for (const { title, targets = [] } of readDashboard().panels) {
    for (const { expr } of targets) {
      await t.test(`${title}: ${expr}`, async () => check(await prometheus.query(expandVariables(expr, rateInterval))))
    }
  }

  await t.test('KEDA\'s query sees the load', async (t) => {
    const { query } = parseInfraFile<{ spec: { triggers: Array<{ metadata: { query: string } }> } }>('k8s/components/keda/scaledobject.yaml')
      .spec.triggers[0]!.metadata
    const [series, ...others] = await prometheus.query(query)
    assert.deepEqual(others, [], 'KEDA takes one number')
    t.diagnostic(`${Number(series!.value[1]).toFixed(1)} images in flight of 24 clients`)
    assert.ok(Number(series!.value[1]) > 4)
  })

  await t.test('prometheus-adapter\'s query has a value for the pod', async () => {
    const { seriesQuery, metricsQuery } = parseInfraFile<{ rules: { custom: Array<{ seriesQuery: string, metricsQuery: string }> } }>(
      'k8s/components/hpa/prometheus-adapter-values.yaml').rules.custom[0]!
    check(await prometheus.query(seriesQuery))
    const expanded = metricsQuery.replace('<<.Series>>', seriesQuery.split('{')[0]!)
      .replace('<<.LabelMatchers>>', `namespace="${labels.namespace}",pod=~"${labels.pod}"`).replace('<<.GroupBy>>', 'pod')
    const series = await prometheus.query(expanded)
    check(series)
    assert.equal(series[0]!.metric['pod'], labels.pod)
  })

  await t.test('where images wait, at most', async (t) => {
    for (const name of ['ghostserve_images_in_work', 'ghostserve_queue_depth', 'ghostserve_decodes_waiting', 'ghostserve_decodes_running']) {
      const series = await prometheus.query(`max_over_time(${name}[10s])`)
      check(series)
      t.diagnostic(`${name}: ${series[0]!.value[1]}`)
    }
  })

  await t.test('Prometheus evaluates every rule', async () => {
    const rules = await prometheus.rules()
    assert.equal(rules.length, parseInfraFile<{ groups: Array<{ rules: unknown[] }> }>('observability/rules.yml').groups[0]!.rules.length)
    for (const { name, health, lastError } of rules) assert.equal(health, 'ok', `${name}: ${lastError}`)
  })

  const outcomes = await load
  assert.ok(outcomes.filter(({ status }) => status === 200).length > 50, 'the load was real')
})

function check (series: readonly Series[]): void {
  assert.ok(series.length > 0, 'expected at least one series, got none')
  for (const { value: [, value] } of series) assert.ok(Number.isFinite(Number(value)), value)
}
