/**
 * A cluster without machines: the real control plane with its controllers and scheduler, and kwok for its nodes, which says of pods that
 * they run and forwards their ports to a process here. Of operators it has the definitions only; kwok says that their work is done.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { freePort } from '../../../loadtest/free-port.ts'
import { ApiServer } from './apiserver.ts'
import { findKwok, type Kwok } from './kubernetes-build.ts'

export interface ClusterOptions {
  /** Port of 127.0.0.1 to which every pod's port 8080 leads. */
  readonly servicePort: number
  /** What every pod's log says, in one line. */
  readonly log: string
}

/** What operators say when they have done their work. */
const statuses = [
  { apiGroup: 'serving.knative.dev/v1', kind: 'Service', status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  { apiGroup: 'serving.kserve.io/v1beta1', kind: 'InferenceService', status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  { apiGroup: 'k6.io/v1alpha1', kind: 'TestRun', status: { stage: 'finished' } },
] as const

/** Two kinds without a packaged definition: their fields are validated elsewhere, or not at all. */
const openDefinitions = statuses.slice(1).map(({ apiGroup, kind }) => {
  const [group, version] = apiGroup.split('/') as [string, string]
  const plural = `${kind.toLowerCase()}s`
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural },
      scope: 'Namespaced',
      versions: [{
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      }],
    },
  }
})

/**
 * @param definitions - Files with those of the operators' resources.
 * @returns The server, which ends all of it.
 * @throws MissingTool where a part can neither be found nor built.
 */
export async function startCluster (options: ClusterOptions, definitions: readonly string[]): Promise<ApiServer> {
  const kwok = await findKwok()
  const server = await ApiServer.start()
  try {
    await furnish(server, kwok, options, definitions)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function furnish (
  server: ApiServer, { program, stages }: Kwok, { servicePort, log }: ClusterOptions, definitions: readonly string[]
): Promise<void> {
  const write = (name: string, ...documents: readonly object[]): string => {
    const path = join(server.folder, name)
    writeFileSync(path, documents.map((document) => JSON.stringify(document)).join('\n---\n'))
    return path
  }
  server.establish(...definitions, write('definitions.json', { apiVersion: 'v1', kind: 'List', items: openDefinitions }))

  for (const name of ['kube-controller-manager', 'kube-scheduler']) {
    server.run(join(server.programs, name), [`--kubeconfig=${server.kubeconfig}`, '--leader-elect=false', '--secure-port=0'])
  }
  const logFile = join(server.folder, 'pod.log')
  writeFileSync(logFile, `2026-01-01T00:00:00Z stdout F ${log}\n`) // as container runtimes write it
  const kubeletPort = await freePort()
  const own = write('kwok.yaml', ...stages.map(readStage), ...statuses.map(makeStage), {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'ClusterPortForward',
    metadata: { name: 'all' },
    spec: { forwards: [{ ports: [8080], target: { address: '127.0.0.1', port: servicePort } }] },
  }, {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'ClusterLogs',
    metadata: { name: 'all' },
    spec: { logs: [{ logsFile: logFile }] },
  })
  server.run(program, [
    `--kubeconfig=${server.kubeconfig}`, '--manage-all-nodes', '--node-ip=127.0.0.1', `--node-port=${kubeletPort}`, `--server-address=127.0.0.1:${kubeletPort}`,
    '--tls-cert-file=certificates/apiserver.crt', '--tls-private-key-file=certificates/apiserver.key', '--node-lease-duration-seconds=40',
    `--config=${own}`,
  ])
  const allocatable = { cpu: '32', memory: '128Gi', pods: '110' }
  server.create(JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' }, status: { allocatable, capacity: allocatable } }))
}

/** kwok's own rule, with what follows from it at once: a job's pods would run for a minute otherwise. */
function readStage (path: string): object {
  const stage = parse(readFileSync(path, 'utf8')) as { spec: object }
  return { ...stage, spec: { ...stage.spec, immediateNextStage: true } }
}

/** kwok's rule that a resource without the status gets it. */
function makeStage ({ apiGroup, kind, status }: typeof statuses[number]): object {
  const [field] = Object.keys(status) as [string]
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name: kind.toLowerCase() },
    spec: {
      resourceRef: { apiGroup, kind },
      selector: { matchExpressions: [{ key: `.status.${field}`, operator: 'DoesNotExist' }] },
      next: { statusTemplate: JSON.stringify(status) },
    },
  }
}
