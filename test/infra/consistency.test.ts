/**
 * The manifests of all platforms against the service's configuration and each other.
 * Needs nothing but Node; `npm run test:infra` does the rest.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { EnvironmentSchema, readConfig } from '../../api/config.ts'
import { packageRoot } from '../../models/package-root.ts'
import { openApp } from '../api/open-app.ts'
import { checkWorkload, checkWorkTarget } from './check-workload.ts'
import { infraFolder, listInfraFiles, parseInfraFile, readInfraFile } from './infra-files.ts'
import type { Kustomization } from './kustomization.ts'
import { readWorkload, type Manifest } from './workload.ts'

const workloadFiles = ['k8s/base/deployment.yaml', 'knative/service.yaml', 'cloudrun/cpu/service.yaml', 'kserve/inferenceservice.yaml']

interface ScaledObjectSpec {
  minReplicaCount: number
  maxReplicaCount: number
  advanced: { horizontalPodAutoscalerConfig: { behavior: object } }
  triggers: Array<{ metadata: { query: string, threshold: string } }>
}
interface AutoscalerSpec {
  minReplicas: number
  maxReplicas: number
  metrics: Array<{ pods: { metric: { name: string }, target: { averageValue: string } } }>
  behavior: object
}
interface PredictorSpec {
  minReplicas: number
  maxReplicas: number
  autoScaling: { metrics: Array<{ external: { metric: { query: string }, target: { averageValue: string } } }> }
}
interface ComposeService {
  image: string
  user: string
  read_only: boolean
  cap_drop: string[]
  ports: string[]
  environment: Record<string, string | number>
  stop_grace_period: string
}
interface Compose { services: { ghostserve: ComposeService } }
interface Security { [field: string]: unknown, capabilities?: unknown, seccompProfile?: unknown }

for (const path of workloadFiles) {
  test(`${path}: ports, probes, end, resources and concurrency fit the service`, () => {
    checkWorkload(readWorkload(parseInfraFile<Manifest>(path))!)
  })

  test(`${path}: the image is named by its placeholder`, () => {
    assert.equal(readWorkload(parseInfraFile<Manifest>(path))!.container.image, 'ghostserve')
  })

  // Cloud Run's sandbox has none of these fields.
  if (path.startsWith('cloudrun/')) continue
  test(`${path}: not root, nothing writable but /tmp, no capability`, () => {
    const { container, podSecurity } = readWorkload(parseInfraFile<Manifest>(path))!
    const { capabilities, ...security } = { ...podSecurity, ...container.securityContext } as Security
    const { runAsNonRoot, runAsUser, allowPrivilegeEscalation, readOnlyRootFilesystem, seccompProfile } = security
    assert.deepEqual({ runAsNonRoot, runAsUser, allowPrivilegeEscalation, readOnlyRootFilesystem, seccompProfile, capabilities }, {
      runAsNonRoot: true,
      runAsUser: 10001,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
      capabilities: { drop: ['ALL'] },
    })
  })
}

test('the paths that probes ask are the service\'s', async (t) => {
  const { app } = await openApp(t)
  for (const url of ['/readyz', '/livez']) assert.equal((await app.inject(url)).statusCode, 200)
})

test('every autoscaler has the same target, query, bounds and pace', () => {
  const keda = parseInfraFile<{ spec: ScaledObjectSpec }>('k8s/components/keda/scaledobject.yaml').spec
  const hpa = parseInfraFile<{ spec: AutoscalerSpec }>('k8s/components/hpa/horizontalpodautoscaler.yaml').spec
  const { predictor } = parseInfraFile<{ spec: { predictor: PredictorSpec } }>('kserve/inferenceservice.yaml').spec
  const adapter = parseInfraFile<{ rules: { custom: Array<{ seriesQuery: string }> } }>('k8s/components/hpa/prometheus-adapter-values.yaml')
  const { container } = readWorkload(parseInfraFile<Manifest>('k8s/base/deployment.yaml'))!

  const { query, threshold } = keda.triggers[0]!.metadata
  const { metric: { name }, target } = hpa.metrics[0]!.pods
  const { external } = predictor.autoScaling.metrics[0]!
  checkWorkTarget(Number(threshold), Number(container.resources.limits!['cpu']))
  assert.equal(target.averageValue, threshold)
  assert.equal(external.target.averageValue, threshold)
  assert.equal(external.metric.query, query)
  assert.ok(query.includes(`${name}{`))
  assert.ok(adapter.rules.custom[0]!.seriesQuery.startsWith(`${name}{`))

  const bounds = [keda.minReplicaCount, keda.maxReplicaCount]
  assert.deepEqual([hpa.minReplicas, hpa.maxReplicas], bounds)
  assert.deepEqual([predictor.minReplicas, predictor.maxReplicas], bounds)
  assert.deepEqual(hpa.behavior, keda.advanced.horizontalPodAutoscalerConfig.behavior)
})

test('a replica with a GPU has a target for its own cores, the same for both autoscalers', () => {
  const { template } = parseInfraFile<{ spec: { template: { spec: { containers: [{ resources: { limits: { cpu: string } } }] } } } }>(
    'k8s/components/gpu-nvidia/deployment.yaml').spec
  const targets = ['gpu-keda', 'gpu-hpa'].map((overlay) => {
    const [{ patch }] = parseInfraFile<{ patches: [{ patch: string }] }>(`k8s/overlays/${overlay}/kustomization.yaml`).patches
    const [{ value }] = parse(patch) as [{ value: string }]
    return value
  })
  assert.equal(targets[0], targets[1])
  const gpuCores = template.spec.containers[0].resources.limits.cpu
  checkWorkTarget(Number(targets[0]), Number(gpuCores))

  const { threshold } = parseInfraFile<{ spec: ScaledObjectSpec }>('k8s/components/keda/scaledobject.yaml').spec.triggers[0]!.metadata
  const cores = readWorkload(parseInfraFile<Manifest>('k8s/base/deployment.yaml'))!.container.resources.limits!['cpu']
  const decision = readFileSync(join(packageRoot, 'docs/decisions/0015-one-base-many-targets.md'), 'utf8').replace(/\s+/g, ' ')
  assert.ok(decision.includes(`${threshold} for an instance of ${cores} cores, ${targets[0]} for a GPU replica of ${gpuCores}`), 'the decision names the targets')
})

test('compose runs the same container', () => {
  const { ghostserve } = parseInfraFile<Compose>('compose/compose.yaml').services
  const gpu = parseInfraFile<Compose>('compose/compose.gpu.yaml').services.ghostserve
  const environment = { ...ghostserve.environment, ...gpu.environment }
  for (const name of Object.keys(environment)) assert.ok(name in EnvironmentSchema.properties, name)
  const config = readConfig(environment as unknown as Record<string, string>)
  assert.equal(ghostserve.image, 'ghostserve')
  assert.equal(ghostserve.user, '10001:10001')
  assert.equal(ghostserve.read_only, true)
  assert.deepEqual(ghostserve.cap_drop, ['ALL'])
  assert.ok(ghostserve.ports[0]!.endsWith(`:${config.port}`))
  assert.ok(config.drainDelayMs + config.requestTimeoutMs <= config.shutdownTimeoutMs)
  assert.ok(config.shutdownTimeoutMs < Number.parseInt(ghostserve.stop_grace_period) * 1000)
})

test('one file alone says where the images are', () => {
  const registry = parseInfraFile<{ images: Array<{ newName: string }> }>('image/kustomization.yaml').images[0]!.newName
  assert.deepEqual(listInfraFiles().filter((path) => readInfraFile(path).includes(registry)), ['image/kustomization.yaml'])
})

test('every file that a kustomization names exists, and every manifest is named', () => {
  const named = new Set<string>()
  const folders = listInfraFiles().filter((path) => path.endsWith('kustomization.yaml')).map((path) => path.replace(/kustomization\.yaml$/, ''))
  for (const folder of folders) {
    const { resources = [], components = [], patches = [] } = parseInfraFile<Kustomization>(`${folder}kustomization.yaml`)
    for (const path of [...resources, ...components, ...patches.flatMap(({ path }) => path ?? [])]) {
      const target = join(folder, path)
      assert.ok(existsSync(join(infraFolder, target)), `${folder}kustomization.yaml names ${path}`)
      named.add(target)
    }
  }
  const isManifest = (path: string): boolean => folders.some((folder) => path.startsWith(folder)) && !/(?:kustomization|values)\.yaml$/.test(path)
  const manifests = listInfraFiles().filter((path) => path.endsWith('.yaml') && isManifest(path))
  assert.ok(manifests.length >= 10)
  assert.deepEqual(manifests.filter((path) => !named.has(path)), [])
})

test('the job that classifies an archive has a pod for each shard, none of which may be root or write to its image', () => {
  interface JobSpec {
    completions: number
    parallelism: number
    template: { spec: { securityContext: object, containers: Array<{ image: string, args: string[], securityContext: object }> } }
  }
  const { completions, parallelism, template } = parseInfraFile<{ spec: JobSpec }>('k8s/archive/job.yaml').spec
  const { args, image, securityContext } = template.spec.containers[0]!
  const service = readWorkload(parseInfraFile<Manifest>('k8s/base/deployment.yaml'))!
  assert.equal(image, 'ghostserve')
  assert.ok(args.includes(`--shard=$(JOB_COMPLETION_INDEX)/${completions}`))
  assert.ok(args.at(-1)!.includes('$(JOB_COMPLETION_INDEX)'), 'each writes a file of its own')
  assert.ok(parallelism <= completions)
  assert.deepEqual(securityContext, service.container.securityContext)
  assert.deepEqual(template.spec.securityContext, service.podSecurity)
})
