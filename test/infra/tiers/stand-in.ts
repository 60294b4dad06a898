/** A server in a cloud's place: it takes what the cloud's command line sends, and runs our service where the cloud would run the image. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { ServerProcess } from '../../server-process.ts'

export type Answer = readonly [status: number, body: object]

export abstract class StandIn {
  /** What was asked of the cloud: an operation -> the JSON that came with it. */
  readonly asked = new Map<string, unknown>()
  #service: ServerProcess | undefined
  readonly #server = createServer((request, response) => {
    const send = ([status, body]: Answer): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)) }
    buffer(request).then((body) => this.answer(request, body)).then(send, (error: Error) => send(refuse(error)))
  })

  async listen (): Promise<URL> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`)
  }

  async close (): Promise<void> {
    this.#server.close()
    await this.#service?.stop()
  }

  protected abstract answer (request: IncomingMessage, body: Buffer): Promise<Answer>

  /**
   * Runs the service in the image's place.
   *
   * @returns its address, once it is ready.
   */
  protected async deploy (environment: Readonly<Record<string, string>>): Promise<string> {
    await this.#service?.stop()
    this.#service = await ServerProcess.start(environment)
    return this.#service.url
  }

  /** Sends a body to the deployed service. */
  protected async forward (path: string, contentType: string, body: Buffer): Promise<Answer> {
    const response = await fetch(new URL(path, this.#service!.url), { method: 'POST', headers: { 'content-type': contentType }, body: new Uint8Array(body) })
    return [response.status, await response.json() as object]
  }
}

/** In AWS's form and in Google's. Not 500, after which they would ask again. */
function refuse ({ message }: Error): Answer {
  return [400, { message, error: { code: 400, message } }]
}
