/** A real Chromium, driven over the pipe of its DevTools protocol: messages of JSON with a NUL after each. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Duplex } from 'node:stream'

export const chromium = (process.env['PATH'] ?? '').split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name))).find((path) => existsSync(path))

// The caller knows what a message of the protocol holds.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Params = Record<string, any>
interface Message { id?: number, method?: string, params?: Params, result?: Params, error?: { message: string }, sessionId?: string }

export interface Tab {
  readonly send: (method: string, params?: Params) => Promise<Params>
  readonly close: () => Promise<void>
}

export interface Browser {
  readonly send: (method: string, params?: Params, sessionId?: string) => Promise<Params>
  /** Opens a tab that shares nothing with others; `hear` gets its events. */
  readonly open: (hear: (method: string, params: Params) => void) => Promise<Tab>
  readonly close: () => Promise<void>
}

/** Chromium with a camera that shows a test image, and no access to any host but this one. */
export function startBrowser (): Browser {
  const profile = mkdtempSync(join(tmpdir(), 'ghostserve-browser-'))
  const child = spawn(chromium!, [
    '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-pipe', `--user-data-dir=${profile}`,
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const [, , , into, outOf] = child.stdio as unknown as [null, null, null, Duplex, Duplex]
  const waiting = new Map<number, { resolve: (result: Params) => void, reject: (error: Error) => void }>()
  const listeners = new Map<string, (method: string, params: Params) => void>()

  const receive = ({ id, method, params, result, error, sessionId }: Message): void => {
    if (id === undefined) return listeners.get(sessionId ?? '')?.(method!, params!)
    const { resolve, reject } = waiting.get(id)!
    waiting.delete(id)
    if (error === undefined) resolve(result!)
    else reject(new Error(error.message))
  }
  let rest = ''
  outOf.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0')
    rest = messages.pop()!
    for (const message of messages) receive(JSON.parse(message) as Message)
  })
  const ended = once(child, 'exit').then(() => {
    for (const { reject } of waiting.values()) reject(new Error('The browser has ended.'))
  })

  let lastId = 0
  const send: Browser['send'] = async (method, params = {}, sessionId) => await new Promise((resolve, reject) => {
    waiting.set(++lastId, { resolve, reject })
    into.write(`${JSON.stringify({ id: lastId, method, params, sessionId })}\0`)
  })
  return {
    send,
    open: async (hear) => {
      const { browserContextId } = await send('Target.createBrowserContext')
      const { targetId } = await send('Target.createTarget', { url: 'about:blank', browserContextId })
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true }) as { sessionId: string }
      listeners.set(sessionId, hear)
      return {
        send: async (method, params) => await send(method, params, sessionId),
        close: async () => { await send('Target.disposeBrowserContext', { browserContextId }) },
      }
    },
    close: async () => {
      await send('Browser.close')
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
