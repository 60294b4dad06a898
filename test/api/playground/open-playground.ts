/** The playground in a tab of a real browser, before a service that listens; both are closed with the test. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import sharp from 'sharp'
import type { Browser, Params } from './browser.ts'

const patienceMs = 20_000

const screenshots = process.env['SCREENSHOTS']
/** Screenshots show the documented port, and are sharp on screens of any kind. */
const [port, deviceScaleFactor] = screenshots === undefined ? [0, 1] : [8080, 2]

export interface Playground {
  readonly origin: string
  readonly send: (method: string, params?: Params) => Promise<Params>
  /** The value of an expression of JavaScript in the page. */
  readonly read: <Value>(expression: string) => Promise<Value>
  /** Waits until an expression is true. */
  readonly until: (expression: string) => Promise<void>
  readonly press: (key: string, code: number, options?: Params) => Promise<void>
  readonly drop: (selector: string, paths: readonly string[]) => Promise<void>
  /** Sets files as the input's dialog does. */
  readonly choose: (selector: string, paths: readonly string[]) => Promise<void>
  /** Into the folder that SCREENSHOTS names, for the README: the page, or what a screen shows of it. */
  readonly photograph: (name: string, part?: 'page' | 'screen') => Promise<void>
}

/** Whatever the page does in the test, it asks only its own service, and the browser finds nothing to complain of. */
export async function openPlayground (
  t: TestContext, browser: Browser, app: FastifyInstance, { width = 1280, height = 900, scheme = 'light' } = {}
): Promise<Playground> {
  const origin = await app.listen({ host: '127.0.0.1', port })
  const requested: string[] = []
  const complaints: string[] = []
  const { send, close } = await browser.open((method, params) => {
    if (method === 'Network.requestWillBeSent') requested.push(params['request'].url as string)
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params))
    // A rejection of the service is one that the page shows, too.
    if (method === 'Log.entryAdded' && params['entry'].source !== 'network') complaints.push(params['entry'].text as string)
  })
  t.after(async () => {
    await close()
    assert.deepEqual(complaints, [])
    assert.deepEqual(requested.filter((url) => !url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)), [])
  })
  const read: Playground['read'] = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  const until: Playground['until'] = async (expression) => {
    for (const deadline = Date.now() + patienceMs; !await read<boolean>(expression); await setTimeout(50)) {
      if (Date.now() > deadline) throw new Error(`Expected ${expression} within ${patienceMs} ms; the page says:\n${await read<string>('document.body.innerText')}`)
    }
  }
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'DOM', 'Accessibility']) await send(`${domain}.enable`)
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor, mobile: width < 600 })
  await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  await send('Page.navigate', { url: `${origin}/` })
  await until('document.readyState === "complete" && ![undefined, ""].includes(document.getElementById("snippet")?.textContent)')
  return {
    origin,
    send,
    read,
    until,
    press: async (key, code, options = {}) => {
      for (const type of ['keyDown', 'keyUp']) {
        await send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: code, ...options, ...type === 'keyUp' && { commands: [] } })
      }
    },
    drop: async (selector, paths) => {
      const { x, y } = await read<{ x: number, y: number }>(`(() => {
        const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect()
        return { x: x + width / 2, y: y + height / 2 }
      })()`)
      const data = { items: [], files: paths, dragOperationsMask: 1 }
      for (const type of ['dragEnter', 'dragOver', 'drop']) await send('Input.dispatchDragEvent', { type, x, y, data })
    },
    choose: async (selector, paths) => {
      const { root } = await send('DOM.getDocument')
      const { nodeId } = await send('DOM.querySelector', { nodeId: root.nodeId, selector })
      await send('DOM.setFileInputFiles', { nodeId, files: paths })
    },
    photograph: async (name, part = 'page') => {
      if (screenshots === undefined) return
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: part === 'page' })
      writeFileSync(join(screenshots, `${name}.png`), await sharp(Buffer.from(data as string, 'base64')).png({ palette: true }).toBuffer())
    },
  }
}
