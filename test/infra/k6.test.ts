/** The load from inside a cluster: its files fit each other, the service and the script. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'node:test'
import { readConfig } from '../../api/config.ts'
import type { UsersTask } from '../../loadtest/peers/closed-loop.ts'
import { packageRoot } from '../../models/package-root.ts'
import { parseInfraFile, readInfraFile } from './infra-files.ts'

interface Pod { env: Array<{ name: string, value: string }> }
interface TestRun {
  metadata: { name: string }
  spec: { parallelism: number, script: { configMap: { name: string, file: string } }, initializer: Pod, runner: Pod }
}
interface Peer { podSelector: { matchLabels: Record<string, string> } }
interface NetworkPolicy { spec: Peer & { ingress: Array<{ from: Peer[] }> } }

const { metadata: { name }, spec } = parseInfraFile<TestRun>('k6/testrun.yaml')
const task = JSON.parse(readInfraFile('k6/load.json')) as UsersTask
/** Mount path of the operator's ConfigMap. */
const mounted = '/test/'

test('the ConfigMap of the command has every file that the run names', () => {
  const [, configMap, files = ''] = /kubectl -n ghostserve create configmap (\S+)((?: --from-file=\S+)+)/.exec(readInfraFile('README.md'))!
  const paths = [...files.matchAll(/--from-file=(\S+)/g)].map(([, path]) => path!)
  for (const path of paths) assert.ok(existsSync(join(packageRoot, path)), path)
  const known = paths.map((path) => mounted + basename(path))
  assert.equal(configMap, spec.script.configMap.name)
  for (const { env } of [spec.initializer, spec.runner]) assert.ok(known.includes(env.find(({ name }) => name === 'LOAD')!.value))
  for (const path of [mounted + spec.script.configMap.file, ...task.bodies]) assert.ok(known.includes(path), path)
})

test('it asks the service by its name, and is let in', () => {
  const service = parseInfraFile<{ metadata: { name: string }, spec: { ports: Array<{ port: number }> } }>('k8s/base/service.yaml')
  const { namespace } = parseInfraFile<{ namespace: string }>('k6/kustomization.yaml')
  assert.equal(task.url, `http://${service.metadata.name}.${namespace}.svc/classify`)
  assert.equal(service.spec.ports[0]!.port, 80)
  const { podSelector, ingress } = parseInfraFile<NetworkPolicy>('k6/networkpolicy.yaml').spec
  assert.deepEqual(podSelector, parseInfraFile<NetworkPolicy>('k8s/base/networkpolicy.yaml').spec.podSelector)
  assert.deepEqual(ingress[0]!.from[0]!.podSelector.matchLabels, { k6_cr: name })
})

test('no pod sends more than one client may', () => {
  assert.equal(task.users % spec.parallelism, 0)
  assert.ok(task.users / spec.parallelism <= readConfig({}).maxClientImages)
})
