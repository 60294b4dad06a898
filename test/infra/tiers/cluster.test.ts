/**
 * The guide's commands for clusters, by kubectl, on a cluster whose nodes are made up and whose pods' port leads to the service, run with
 * their environment. What operators do is made up, too: that a resource is ready says nothing about them.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import test from 'node:test'
import { freePort } from '../../../loadtest/free-port.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { readCommands } from '../../docs/page-commands.ts'
import { ServerProcess } from '../../server-process.ts'
import { parseInfraFile, readInfraFile } from '../infra-files.ts'
import { environmentOf, readWorkload } from '../workload.ts'
import { startCluster } from './cluster.ts'
import { findCustomResources } from './custom-resources.ts'
import { runSection } from './guide.ts'
import { findOrSkip } from './missing-tool.ts'

const log = '{"answered":4711}'
/** What a reader's cluster has before an archive is labelled: a volume, and the claim that takes it. */
const claim = { accessModes: ['ReadWriteMany'], storageClassName: '', volumeName: 'archive' }
const archive = [
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'archive' },
    spec: { accessModes: claim.accessModes, capacity: { storage: '1Gi' }, hostPath: { path: '/archive' } },
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'archive', namespace: 'ghostserve' },
    spec: { ...claim, resources: { requests: { storage: '1Gi' } } },
  },
]

test('the guide\'s commands for a cluster do what it says', async (t) => {
  const definitions = await findOrSkip(t, findCustomResources)
  if (definitions === undefined) return
  const { container } = readWorkload(parseInfraFile('k8s/base/deployment.yaml'))!
  const service = await ServerProcess.start({
    ...environmentOf(container), METRICS_PORT: String(await freePort()), DRAIN_DELAY_MS: '0',
  })
  t.after(() => service.stop())
  const cluster = await findOrSkip(t, () => startCluster({ servicePort: service.port, log }, definitions))
  if (cluster === undefined) return
  t.after(() => cluster.stop())
  const port = await freePort()
  const options = {
    environment: { PATH: [cluster.programs, process.env['PATH']].join(delimiter), KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder },
    replace: { 'localhost:8080': `localhost:${port}`, ' 8080:80 ': ` ${port}:80 ` },
  }
  for (const platform of ['Knative', 'KServe'] as const) {
    await t.test(platform, async () => {
      try {
        assert.match(await runSection(platform, options), /ghostserve condition met/)
      } finally {
        cluster.delete('namespace/ghostserve')
      }
    })
  }

  cluster.create(readInfraFile('k8s/namespace/namespace.yaml'))

  await t.test('An archive', async () => {
    for (const document of archive) cluster.create(JSON.stringify(document))
    const printed = await runSection('An archive', options)
    assert.match(printed, /job\.batch\/ghostserve-archive condition met/)
    assert.match(printed, /0-7 done, {2}failed/)
    assert.match(printed, /^\[pod\/ghostserve-archive-0-\w+\/ghostserve\] .*4711/m)
  })

  await t.test('Kubernetes', async () => {
    const printed = await runSection('Kubernetes', options)
    assert.match(printed, /"ghostserve" successfully rolled out/)
    const answer = printed.split('\n').find((line) => line.startsWith('{"model"'))!
    const { results: [result] } = JSON.parse(answer) as { results: [{ predictions: [{ label: string }] }] }
    assert.equal(result.predictions[0].label, 'espresso')
  })

  await t.test('Load it', async () => {
    cluster.create(JSON.stringify(makeRunner()))
    const printed = await runSection('Load it', options)
    assert.match(printed, /testrun\S*\/ghostserve-load condition met/)
    assert.match(printed, /"answered":4711/)
  })
})

test('the page on archives has the guide\'s command', () => {
  const blocks = readCommands(readFileSync(join(packageRoot, 'docs/how-to/label-an-archive.md'), 'utf8')).filter(({ runBy }) => runBy === 'test:infra')
  assert.equal(blocks.length, 1)
  assert.ok(readInfraFile('README.md').includes(`\n${blocks[0]!.code}\n`), blocks[0]!.code)
})

/** A pod that the k6 operator would make. */
function makeRunner (): object {
  const { spec } = parseInfraFile<{ spec: { runner: { image: string, securityContext: object, containerSecurityContext: object } } }>('k6/testrun.yaml')
  const { image, securityContext, containerSecurityContext } = spec.runner
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ghostserve-load-1', namespace: 'ghostserve', labels: { k6_cr: 'ghostserve-load', runner: 'true' } },
    spec: { securityContext, containers: [{ name: 'k6', image, securityContext: containerSecurityContext }] },
  }
}
