import assert from 'node:assert/strict'
import test from 'node:test'
import { Check } from 'typebox/value'
import { makePage } from '../../loadtest/report/page.ts'
import { makeCharts } from '../../loadtest/report/charts.ts'
import { ResultSchema } from '../../loadtest/result.ts'
import { chromium, drawPage } from '../api/report/draw-page.ts'
import { exampleHistory } from './example-history.ts'

const history = exampleHistory()

test('the example is a history as the lab writes it', () => {
  for (const result of history) assert.ok(Check(ResultSchema, result))
})

test('there is a chart for each question, and none without data', () => {
  const ids = makeCharts(history).map(({ id }) => id)
  for (const id of ['latency', 'stages', 'throughput', 'capacity', 'segments-spike', 'cold', 'history-throughput', 'history-latency', 'history-cpu']) {
    assert.ok(ids.includes(id), id)
  }
  assert.deepEqual(makeCharts(history.filter(({ profile }) => profile === 'cold')).map(({ id }) => id), ['cold', 'history-latency'])
})

test('the page has everything in it and asks for nothing', () => {
  const page = makePage(history)
  assert.doesNotMatch(page, /<(?:script|link|img|iframe)[^>]+(?:src|href)=/)
  assert.match(page, /default-src 'none'/)
  for (const text of ['9882', 'Not the same work', 'badge failed', 'badge void', 'Users ran out']) assert.ok(page.includes(text), text)
})

test('text of results cannot become markup', () => {
  const [first] = history
  const hostile = { ...first!, commit: { sha: 'a'.repeat(40), subject: '<img src=x onerror=alert(1)></script><script>alert(2)', isClean: true } }
  const page = makePage([hostile])
  assert.ok(!page.includes('<img src=x'))
  assert.ok(!page.includes('<script>alert(2)'))
})

test('a browser without a network draws every chart', { skip: chromium === undefined && 'there is no Chromium' }, async (t) => {
  assert.equal(await drawPage(t, makePage(history)), makeCharts(history).length)
})
