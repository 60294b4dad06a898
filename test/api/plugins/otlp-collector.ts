/** A collector of OTLP/HTTP: takes traces as JSON under /v1/traces. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

interface Attribute { key: string, value: { stringValue?: string, intValue?: number } }
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  links: Array<{ traceId: string, spanId: string }>
  status: { code: number }
}
interface ReceivedTraces {
  resourceSpans: Array<{ resource: { attributes: Attribute[] }, scopeSpans: Array<{ spans: ReceivedSpan[] }> }>
}

export class Collector {
  readonly spans: ReceivedSpan[] = []
  readonly services = new Set<string | undefined>()
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      assert.deepEqual([request.method, request.url, request.headers['content-type']], ['POST', '/v1/traces', 'application/json'])
      this.#receive(JSON.parse(Buffer.concat(chunks).toString()) as ReceivedTraces)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })

  /** Listens; gives the environment of a service that sends its traces here. */
  async open (t: Pick<TestContext, 'after'>): Promise<{ OTEL_EXPORTER_OTLP_ENDPOINT: string }> {
    this.#server.listen({ host: '127.0.0.1', port: 0 })
    await once(this.#server, 'listening')
    t.after(() => this.#server.close())
    return { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` }
  }

  #receive ({ resourceSpans }: ReceivedTraces): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.services.add(attributesOf(resource)['service.name'])
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans))
    }
  }

  named (name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name)
  }
}

export function attributesOf ({ attributes }: { attributes: Attribute[] }): Record<string, string | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? String(value.intValue)]))
}

export const durationMs = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan): number =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6
