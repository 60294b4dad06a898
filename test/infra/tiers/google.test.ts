/**
 * The guide's commands for Google Cloud, by Google's own command line, against a stand-in for Google whose endpoint is our service: what
 * they send has passed gcloud's model of its requests, and the last ones' answers are labels.
 */
import assert from 'node:assert/strict'
import { delimiter } from 'node:path'
import test, { type TestContext } from 'node:test'
import { checkWorkload } from '../check-workload.ts'
import { parseInfraFile } from '../infra-files.ts'
import { readWorkload, type Manifest } from '../workload.ts'
import { isThere } from './debian-program.ts'
import { CloudRun, project, region, VertexAi } from './google-stand-in.ts'
import { makeGuideFolder } from './guide-folder.ts'
import { runSection, type GuideOptions } from './guide.ts'
import { findKubernetes } from './kubernetes-build.ts'
import { findOrSkip, UnpackagedTool } from './missing-tool.ts'
import type { StandIn } from './stand-in.ts'

const image = `${region}-docker.pkg.dev/${project}/ghostserve/ghostserve:0.1.0`

interface Result { readonly predictions: readonly [{ readonly label: string }] }
interface Images { readonly images: readonly [{ readonly newName: string, readonly newTag: string }] }
interface DeployedModel {
  readonly model: string
  readonly displayName: string
  readonly dedicatedResources: { readonly machineSpec: object }
}
interface Deployment { readonly deployedModel: DeployedModel, readonly trafficSplit: object }

/**
 * Folders of what is not on the PATH.
 *
 * @throws MissingTool where something is nowhere.
 */
async function findTools (): Promise<string[]> {
  if (!isThere('gcloud')) throw new UnpackagedTool('Expected gcloud, but there is none: https://cloud.google.com/sdk/docs/install.')
  return isThere('kubectl') ? [] : [await findKubernetes()]
}

/** Somebody with a project and a region; the stand-in is gcloud's proxy, and gets without TLS what Google would get. */
async function asCustomer (t: TestContext, google: StandIn, tools: readonly string[]): Promise<GuideOptions> {
  t.after(() => google.close())
  const { hostname, port } = await google.listen()
  return {
    cwd: makeGuideFolder(t),
    environment: {
      PATH: [...tools, process.env['PATH']].join(delimiter),
      CLOUDSDK_PROXY_TYPE: 'http',
      CLOUDSDK_PROXY_ADDRESS: hostname,
      CLOUDSDK_PROXY_PORT: port,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: 'http://run.googleapis.com/',
      CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM: 'http://aiplatform.googleapis.com/',
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: '1',
      // In the folder of the commands: no setting of this machine counts.
      CLOUDSDK_CONFIG: 'gcloud',
      CLOUDSDK_CORE_PROJECT: project,
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      IMAGE: image,
    },
    replace: { REGION: region },
  }
}

test('the guide\'s commands for Google Cloud are what its command line takes, and lead to a label', async (t) => {
  const tools = await findOrSkip(t, findTools)
  if (tools === undefined) return

  await t.test('Cloud Run', async (t) => {
    const google = new CloudRun()
    const printed = await runSection('Cloud Run', await asCustomer(t, google, tools))

    const sent = google.asked.get(CloudRun.create) as Manifest
    const written = parseInfraFile<Manifest>('cloudrun/cpu/service.yaml')
    const { images: [{ newName, newTag }] } = parseInfraFile<Images>('image/kustomization.yaml')
    const spec = JSON.stringify(written.spec).replace('"image":"ghostserve"', `"image":"${newName}:${newTag}"`)
    assert.deepEqual(sent.spec, JSON.parse(spec))
    assert.deepEqual([sent.metadata.name, sent.metadata.annotations], [written.metadata.name, written.metadata.annotations])
    checkWorkload(readWorkload(sent)!)
    const { policy: { bindings } } = google.asked.get(CloudRun.setPolicy) as { policy: { bindings: object[] } }
    assert.deepEqual(bindings, [{ role: 'roles/run.invoker', members: ['allUsers'] }])
    const { results: [result] } = JSON.parse(printed.trimEnd().split('\n').at(-1)!) as { results: [Result] }
    assert.equal(result.predictions[0].label, 'espresso')
  })

  await t.test('Vertex AI', async (t) => {
    const google = new VertexAi()
    const printed = await runSection('Vertex AI', await asCustomer(t, google, tools))

    assert.deepEqual(google.asked.get(VertexAi.upload), {
      model: {
        displayName: 'ghostserve',
        containerSpec: { imageUri: image, ports: [{ containerPort: 8080 }], healthRoute: '/readyz', predictRoute: '/predict' },
      },
    })
    assert.deepEqual(google.asked.get(VertexAi.create), { displayName: 'ghostserve' })
    const { deployedModel, trafficSplit } = google.asked.get(VertexAi.deployModel) as Deployment
    assert.equal(deployedModel.model, VertexAi.model)
    assert.equal(deployedModel.displayName, 'ghostserve')
    assert.deepEqual(deployedModel.dedicatedResources.machineSpec, { machineType: 'n1-standard-4' })
    // To Vertex AI, 0 is the model that is being deployed.
    assert.deepEqual(trafficSplit, { 0: 100 })
    const { predictions: [result] } = JSON.parse(printed) as { predictions: [Result] }
    assert.equal(result.predictions[0].label, 'espresso')
  })

  await t.test('a misspelt option is refused', async (t) => {
    const options = await asCustomer(t, new VertexAi(), tools)
    const misspelt = runSection('Vertex AI', { ...options, replace: { ...options.replace, '-predict-route': '-predict-rout' } })
    await assert.rejects(misspelt, /unrecognized arguments:\s+--container-predict-rout /)
  })
})
