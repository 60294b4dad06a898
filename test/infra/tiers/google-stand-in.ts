/** Google Cloud as gcloud sees it: Cloud Run and Vertex AI, whose only container is our service. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { freePort } from '../../../loadtest/free-port.ts'
import { environmentOf, type Container, type Manifest } from '../workload.ts'
import { StandIn, type Answer } from './stand-in.ts'

export const project = 'somebody'
export const region = 'europe-west4'
const parent = `projects/${project}/locations/${region}`

/** It is gcloud's proxy and gets whole addresses: an operation is a method, a host, which names the region, and a path. */
abstract class Google extends StandIn {
  protected override async answer (request: IncomingMessage, body: Buffer): Promise<Answer> {
    const { hostname, pathname } = new URL(request.url!)
    const operation = `${request.method} ${hostname}${pathname}`
    if (body.length > 0) this.asked.set(operation, JSON.parse(body.toString()))
    return await this.reply(operation, body) ?? [404, { error: { code: 404, message: `There is nothing to ${operation}.` } }]
  }

  /** @returns undefined for what is not there. */
  protected abstract reply (operation: string, body: Buffer): Promise<Answer | undefined>
}

const services = `${region}-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/${project}/services`
const policyOf = `run.googleapis.com/v1/${parent}/services/ghostserve`

interface PodSpec { readonly containers: readonly [Container] }

export class CloudRun extends Google {
  static readonly create = `POST ${services}`
  static readonly setPolicy = `POST ${policyOf}:setIamPolicy`
  #service: Manifest | undefined

  protected override async reply (operation: string): Promise<Answer | undefined> {
    switch (operation) {
      case `GET ${services}/ghostserve`: return this.#service && [200, this.#service]
      case CloudRun.create:
        this.#service = await this.#run(this.asked.get(operation) as Manifest)
        return [200, this.#service]
      case `GET ${policyOf}:getIamPolicy`: return [200, {}]
      case CloudRun.setPolicy: return [200, (this.asked.get(operation) as { policy: object }).policy]
      default: return undefined
    }
  }

  async #run (service: Manifest): Promise<Manifest> {
    const { template } = service.spec as unknown as { template: { spec: PodSpec } }
    const environment = environmentOf(template.spec.containers[0])
    // A container has its ports for itself; here somebody may have them.
    const url = await this.deploy({ ...environment, METRICS_PORT: String(await freePort()) })
    const status = { url, observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] }
    return Object.assign({ ...service, metadata: { ...service.metadata, generation: 1 } }, { status })
  }
}

const vertex = `${region}-aiplatform.googleapis.com/v1`
const modelName = `${parent}/models/1111`
const endpointName = `${parent}/endpoints/2222`
/** Whoever takes the first of a list, and not the one that the guide's filter finds, takes this one. */
const another = { name: `${parent}/anything/3333`, displayName: 'another' }

interface Model { readonly containerSpec: { readonly healthRoute: string, readonly predictRoute: string } }

export class VertexAi extends Google {
  static readonly model = modelName
  static readonly upload = `POST ${vertex}/${parent}/models:upload`
  static readonly create = `POST ${vertex}/${parent}/endpoints`
  static readonly deployModel = `POST ${vertex}/${endpointName}:deployModel`
  static readonly predict = `POST ${region}-prediction-aiplatform.googleapis.com/v1/${endpointName}:predict`
  #model: Model | undefined
  #endpoint: object | undefined

  protected override async reply (operation: string, body: Buffer): Promise<Answer | undefined> {
    switch (operation) {
      case VertexAi.upload: {
        const { model } = this.asked.get(operation) as { model: Model }
        this.#model = Object.assign({ name: modelName, supportedDeploymentResourcesTypes: ['DEDICATED_RESOURCES'] }, model)
        return done({ model: modelName })
      }
      case `GET ${vertex}/${parent}/models`: return [200, { models: [another, this.#model] }]
      case `GET ${vertex}/${modelName}`: return this.#model && [200, this.#model]
      case VertexAi.create:
        this.#endpoint = { name: endpointName, ...this.asked.get(operation) as object }
        return done(this.#endpoint)
      case `GET ${vertex}/${parent}/endpoints`: return [200, { endpoints: [another, this.#endpoint] }]
      case VertexAi.deployModel:
        await this.#run(this.#model!)
        return done({ deployedModel: { id: '4444' } })
      case VertexAi.predict: return await this.forward(this.#model!.containerSpec.predictRoute, 'application/json', body)
      default: return undefined
    }
  }

  async #run ({ containerSpec: { healthRoute, predictRoute } }: Model): Promise<void> {
    // Not the container's own port, which somebody may have here.
    const port = String(await freePort())
    const url = await this.deploy({ AIP_HTTP_PORT: port, AIP_HEALTH_ROUTE: healthRoute, AIP_PREDICT_ROUTE: predictRoute })
    const { status } = await fetch(new URL(healthRoute, url))
    assert.equal(status, 200, `${healthRoute} says whether the container is healthy`)
  }
}

/** A long operation that has ended already. */
function done (result: object): Answer {
  const response = { '@type': 'type.googleapis.com/google.protobuf.Struct', ...result }
  return [200, { name: `${parent}/operations/5555`, done: true, response }]
}
