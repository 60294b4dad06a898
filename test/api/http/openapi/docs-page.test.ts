import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { renderDocsPage } from '../../../../api/http/openapi/docs-page.ts'
import { openApp } from '../../open-app.ts'

test('/docs shows every operation, and its policy lets it load nothing', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const { body, headers } = await app.inject('/docs')
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  const { paths } = (await app.inject('/openapi.json')).json<{ paths: Record<string, Record<string, { summary: string }>> }>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { summary }] of Object.entries(methods)) {
      assert.ok(body.includes(`<code>${method.toUpperCase()} ${path}</code>`))
      assert.ok(body.includes(summary))
    }
  }
  const [, style] = /<style>([^<]*)<\/style>/.exec(body)!
  const digest = createHash('sha256').update(style!).digest('base64')
  assert.equal(headers['content-security-policy'],
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
  assert.doesNotMatch(body, /<script|<link|<img|<iframe|\bsrc=|\bstyle=|\bon\w+=|https?:\/\/(?!localhost)[^<\s]*"/i)
  assert.deepEqual([...body.matchAll(/href="([^#"][^"]*)"/g)].map(([, target]) => target), ['openapi.json'])
})

test('text of the document cannot become markup', () => {
  const hostile = '"><script>alert(1)</script>\'&'
  const page = renderDocsPage({
    info: { title: hostile, version: hostile, description: hostile },
    paths: {
      [hostile]: {
        get: {
          operationId: hostile,
          summary: hostile,
          description: `\`${hostile}\``,
          parameters: [{ name: hostile, in: hostile, description: hostile, schema: { type: hostile, default: hostile } }],
          responses: { [hostile]: { description: hostile, content: { [hostile]: { schema: { $ref: hostile }, example: hostile } } } },
          'x-codeSamples': [{ label: hostile, source: hostile }],
        },
      },
    },
    components: { schemas: { [hostile]: { properties: { [hostile]: { description: hostile } } } } },
  })
  assert.ok(!page.includes('<script'))
  assert.ok(page.includes('&#60;script&#62;'))
})
