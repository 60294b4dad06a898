/**
 * nginx repeats nothing (`proxy_next_upstream off`). As orchestrators do, we take an instance out of its list when it stops being ready,
 * and put it back when it is; the service has the time of its drain delay for that.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../loadtest/free-port.ts'
import { upload } from '../hostile/wire.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { keepPromise } from './keep-promise.ts'
import { startLoad } from './load.ts'
import { hasNginx, Nginx, withoutNginx } from './nginx.ts'
import { smallPhoto } from './photos.ts'
import { countOutcomes } from './statistics.ts'

const rounds = Number(process.env['RESTART_ROUNDS'] ?? 5)
const clients = 8
const probeMs = 50
/** nginx starts its new workers meanwhile. */
const settleMs = 500

async function startInstance (port: number): Promise<ServerProcess> {
  const server = await ServerProcess.start({ PORT: String(port), TRUST_PROXY: '1' }, { entry: deployed })
  server.forgetLog()
  return server
}

async function isReady ({ url }: ServerProcess): Promise<boolean> {
  return await fetch(`${url}/readyz`).then(({ ok }) => ok, () => false)
}

keepPromise('rolling-restart', async (t) => {
  if (!hasNginx()) return withoutNginx
  const ports = [await freePort(), await freePort()]
  const instances: ServerProcess[] = []
  for (const port of ports) instances.push(await startInstance(port))
  t.after(async () => { for (const instance of instances) await instance.stop() })
  const nginx = await Nginx.start(ports, 'off')
  t.after(() => nginx.stop())

  const load = await startLoad({ port: nginx.port, wires: [upload(await smallPhoto())], clients })
  let restarts = 0
  for (let round = 0; round < rounds; round++) {
    for (const [i, port] of ports.entries()) {
      instances[i]!.signal('SIGTERM')
      while (await isReady(instances[i]!)) await sleep(probeMs)
      nginx.routeTo(ports.filter((other) => other !== port))
      if (await instances[i]!.exitCode() === 0) restarts++
      instances[i] = await startInstance(port)
      nginx.routeTo(ports)
      await sleep(settleMs)
    }
  }
  load.stop()
  const outcomes = await load.outcomes
  const failed = outcomes.filter(({ status }) => status !== 200)
  return {
    measured: `${restarts} restarts, ${failed.length} of ${outcomes.length} requests failed${failed.length > 0 ? ` (${countOutcomes(failed)})` : ''}`,
    checks: {
      'no client sees an error': failed.length === 0 && outcomes.length > 0,
      'every instance ends with 0': restarts === rounds * ports.length,
    },
  }
})
