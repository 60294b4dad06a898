/** Alerts, their runbook, their tests and the dashboard name the same things, and nothing that the service does not have. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { readConfig } from '../../api/config.ts'
import { errorCodes } from '../../api/errors.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readDashboard } from './dashboard.ts'
import { parseInfraFile, readInfraFile } from './infra-files.ts'

interface Alert { alert: string, expr: string, labels: { severity: string }, annotations: { summary: string, runbook: string } }
interface AlertTest { alertname: string, exp_alerts?: unknown[] }

const alerts = parseInfraFile<{ groups: Array<{ rules: Alert[] }> }>('observability/rules.yml').groups.flatMap(({ rules }) => rules)
const dashboard = readDashboard()
const expressions = [
  ...alerts.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
]

test('every alert has a severity, a sentence, and a paragraph of the runbook; the runbook has no other', () => {
  const paragraphs = [...readInfraFile('observability/runbook.md').matchAll(/^## (.+)\n\n((?:.+\n)+)/gm)]
  const headings = paragraphs.filter(([, , paragraph]) => paragraph!.length > 100).map(([, heading]) => heading)
  assert.deepEqual(alerts.map(({ alert }) => alert), headings)
  for (const { alert, labels: { severity }, annotations: { summary, runbook } } of alerts) {
    assert.ok(['page', 'ticket'].includes(severity), alert)
    assert.match(summary, /\.$/)
    assert.equal(runbook, `runbook.md#${alert.toLowerCase()}`)
  }
})

test('the operator\'s manifest has the same alerts', () => {
  const { spec } = parseInfraFile<{ spec: object }>('k8s/components/monitoring/prometheusrule.yaml')
  assert.deepEqual(spec, parseInfraFile<object>('observability/rules.yml'))
})

test('a test sees every alert fire, and every alert silent', () => {
  const { tests } = parseInfraFile<{ tests: Array<{ alert_rule_test: AlertTest[] }> }>('observability/rules_test.yml')
  const all = tests.flatMap(({ alert_rule_test: expectations }) => expectations)
  for (const { alert } of alerts) {
    assert.ok(all.some(({ alertname, exp_alerts: fires = [] }) => alertname === alert && fires.length > 0), `${alert} fires in a test`)
    assert.ok(all.some(({ alertname, exp_alerts: fires = [] }) => alertname === alert && fires.length === 0), `${alert} is silent in a test`)
  }
})

test('alerts and panels ask for metrics, and for codes, that the service has', () => {
  const documented = new Set([...readFileSync(join(packageRoot, 'docs/reference/metrics.md'), 'utf8').matchAll(/^\| `([a-z_]+)`/gm)].map(([, name]) => name!))
  let metrics = 0
  for (const expression of expressions) {
    for (const [name] of expression.matchAll(/\b(?:ghostserve|process)_[a-z_]+/g)) {
      assert.ok(documented.has(name.replace(/_(?:bucket|sum|count)$/, '')) || documented.has(name), name)
      metrics++
    }
    for (const [, codes] of expression.matchAll(/code=~?"([^"]+)"/g)) {
      for (const code of codes!.split('|')) assert.ok((errorCodes as readonly string[]).includes(code), code)
    }
  }
  assert.ok(metrics > 30)
})

test('the dashboard\'s panels have names, words, places that do not overlap, and the numbers of the configuration', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  assert.ok(panels.length > 10)
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  const taken = new Set<string>()
  for (const { title, description = '', targets = [], gridPos: { x, y, w, h } } of panels) {
    assert.ok(title !== '' && description !== '' && targets.length > 0, title)
    assert.ok(x + w <= 24, title)
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column} ${row}`), `${title} lies on another panel`)
        taken.add(`${column} ${row}`)
      }
    }
  }
  const { threshold } = parseInfraFile<{ spec: { triggers: Array<{ metadata: { threshold: string } }> } }>('k8s/components/keda/scaledobject.yaml')
    .spec.triggers[0]!.metadata
  const { description } = panels.find(({ title }) => title === 'Images in flight')!
  assert.ok(description!.includes(`target of ${threshold} and MAX_QUEUE_SIZE of ${readConfig({}).maxQueueSize}`))
})
