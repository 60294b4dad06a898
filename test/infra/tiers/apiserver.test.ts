/**
 * Every overlay as a real kube-apiserver judges it, with the definitions of KEDA, Knative and the Prometheus operator;
 * and three faults, which it must reject, or its yes to the others means little.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { parseAllDocuments } from 'yaml'
import { checkWorkload } from '../check-workload.ts'
import { infraFolder, listInfraFiles, parseInfraFile, readInfraFile } from '../infra-files.ts'
import { readWorkload, type Manifest } from '../workload.ts'
import { ApiServer } from './apiserver.ts'
import { findCustomResources } from './custom-resources.ts'
import { findOrSkip } from './missing-tool.ts'

/** Everything that is applied as it is; KServe's and Cloud Run's documents have schemas of their own. */
const targets = listInfraFiles().flatMap((path) => /^(k8s\/(?:overlays\/[^/]+|archive)|k6|knative|cloudrun\/(?:cpu|gpu)|kserve)\/kustomization\.yaml$/.exec(path)?.[1] ?? [])

const archive = 'k8s/archive'
/** A job and a load, and no service. */
const withoutService = [archive, 'k6']

test('a real API server', async (t) => {
  const server = await findOrSkip(t, () => ApiServer.start())
  if (server === undefined) return
  t.after(() => server.stop())
  const definitions = await findOrSkip(t, findCustomResources)
  if (definitions === undefined) return
  server.establish(...definitions)
  server.create(readInfraFile('k8s/namespace/namespace.yaml'))

  const render = (folder: string): Manifest[] =>
    parseAllDocuments(server.render(join(infraFolder, folder))).map((document) => document.toJS() as Manifest)
  const documents = new Map(targets.map((folder) => [folder, render(folder)]))

  for (const [folder, manifests] of documents) {
    if (!withoutService.includes(folder)) {
      await t.test(`${folder}: rendered, its numbers still fit the service`, () => {
        const workloads = manifests.flatMap((manifest) => readWorkload(manifest) ?? [])
        assert.equal(workloads.length, 1)
        checkWorkload(workloads[0]!)
        const { images } = parseInfraFile<{ images: Array<{ newName: string, newTag: string }> }>('image/kustomization.yaml')
        const [cpu, gpu] = images.map(({ newName, newTag }) => `${newName}:${newTag}`)
        assert.equal(workloads[0]!.container.image, folder.includes('gpu') ? gpu : cpu)
      })
    }

    if (folder.startsWith('cloudrun')) continue
    await t.test(`${folder}: accepted`, () => {
      // Only the pods of these two are validated: no package has the k6 operator's definition, and KServe's has a schema of its own.
      const { accepted, said } = server.judge(listOf(manifests.filter(({ kind }) => !['TestRun', 'InferenceService'].includes(kind))))
      assert.ok(accepted, said)
      assert.doesNotMatch(said, /warning/i)
    })
  }

  const pods = ['k8s/overlays/cpu-dev', 'k8s/overlays/gpu-keda', archive, 'knative', 'kserve']
  for (const folder of pods) {
    await t.test(`${folder}: its pod is admitted where pods are restricted`, () => {
      const { accepted, said } = server.judge(listOf([podOf(documents.get(folder)!)]))
      assert.ok(accepted, said)
    })
  }

  for (const part of ['initializer', 'runner'] as const) {
    await t.test(`k6: the pod of the ${part} is admitted where pods are restricted`, () => {
      const { accepted, said } = server.judge(listOf([podOfLoad(documents.get('k6')!, part)]))
      assert.ok(accepted, said)
    })
  }

  const keda = documents.get('k8s/overlays/gpu-keda')!
  const budget = keda.find(({ kind }) => kind === 'PodDisruptionBudget')!
  const scaler = keda.find(({ kind }) => kind === 'ScaledObject')!
  for (const [what, manifest, written, fault, says] of [
    ['a budget with both bounds', budget, '"maxUnavailable"', '"minAvailable":1,"maxUnavailable"', /minAvailable and maxUnavailable/],
    ['a KEDA field that does not exist', scaler, '"maxReplicaCount"', '"maxReplicas"', /unknown field/],
    ['a pod that may be root', podOf(keda), '"runAsUser":10001', '"runAsUser":0', /PodSecurity.*runAsUser/s],
  ] as const) {
    await t.test(`rejected: ${what}`, () => {
      const { accepted, said } = server.judge(listOf([manifest]).replace(written, fault))
      assert.equal(accepted, false, 'expected a refusal, but it was accepted')
      assert.match(said, says)
    })
  }
})

function listOf (items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

/** The pod that a controller would make; fields that only Knative or KServe knows are theirs. */
function podOf (manifests: readonly Manifest[]): Manifest {
  const { spec } = manifests.find((manifest) => manifest.kind === 'Job' || readWorkload(manifest) !== undefined)!
  const { template, predictor } = spec as unknown as { template?: { spec: object }, predictor?: object }
  const platforms = new Set(['minReplicas', 'maxReplicas', 'autoScaling', 'timeout', 'timeoutSeconds', 'containerConcurrency', 'serviceAccountName'])
  const pod = Object.fromEntries(Object.entries(template?.spec ?? predictor!).filter(([name]) => !platforms.has(name)))
  const metadata = { name: 'ghostserve', namespace: 'ghostserve' }
  // A probe without a port asks Knative's one.
  const withPorts = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: pod }).replace(/"httpGet":\{"path":"([^"]+)"\}/g, '"httpGet":{"path":"$1","port":8080}')
  return JSON.parse(withPorts) as Manifest
}

/** The pod that the k6 operator would make of a part of its TestRun. */
function podOfLoad (manifests: readonly Manifest[], part: 'initializer' | 'runner'): Manifest {
  const { spec } = manifests.find(({ kind }) => kind === 'TestRun')!
  const { image, env, securityContext, containerSecurityContext } = (spec as unknown as Record<string, Record<string, object>>)[part]!
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ghostserve-load', namespace: 'ghostserve' },
    spec: { securityContext, containers: [{ name: 'k6', image, env, securityContext: containerSecurityContext }] },
  } as unknown as Manifest
}
