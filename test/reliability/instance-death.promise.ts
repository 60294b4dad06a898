/** nginx as it comes (`proxy_next_upstream error`): it asks another instance only where the request had not been sent. */
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../loadtest/free-port.ts'
import { upload } from '../hostile/wire.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { now } from './connection.ts'
import { keepPromise } from './keep-promise.ts'
import { startLoad } from './load.ts'
import { hasNginx, Nginx, withoutNginx } from './nginx.ts'
import { smallPhoto } from './photos.ts'
import { countOutcomes } from './statistics.ts'

const clients = 8
const beforeMs = 2000
const afterMs = 3000

keepPromise('instance-death', async (t) => {
  if (!hasNginx()) return withoutNginx
  const ports = [await freePort(), await freePort()]
  const instances: ServerProcess[] = []
  for (const port of ports) instances.push(await ServerProcess.start({ PORT: String(port), TRUST_PROXY: '1' }, { entry: deployed }))
  t.after(async () => { for (const instance of instances) await instance.stop() })
  const nginx = await Nginx.start(ports, 'error')
  t.after(() => nginx.stop())

  const load = await startLoad({ port: nginx.port, wires: [upload(await smallPhoto())], clients })
  await sleep(beforeMs)
  const killedAt = now()
  await instances[0]!.stop() // by SIGKILL
  const endedAt = now()
  await sleep(afterMs)
  load.stop()
  const outcomes = await load.outcomes
  const failed = outcomes.filter(({ status }) => status !== 200)
  const inFlight = failed.filter(({ sentAt }) => sentAt <= killedAt)
  // In between its sockets close one by one: who is answered 502 and asks again at once may meet the next of them.
  const dying = failed.filter(({ sentAt }) => sentAt > killedAt && sentAt <= endedAt)
  const later = outcomes.filter(({ sentAt }) => sentAt > endedAt)
  return {
    measured: `${inFlight.length} requests in flight failed (${countOutcomes(inFlight) || 'none'}) of ${clients} clients, ` +
      `${dying.length} in the ${(endedAt - killedAt).toFixed(0)} ms until it had ended, ${later.filter(({ status }) => status !== 200).length} of ${later.length} later ones`,
    checks: {
      'no more than those in flight fail': inFlight.length <= clients,
      'the next requests succeed': later.length > 0 && later.every(({ status }) => status === 200),
    },
  }
})
