import assert from 'node:assert/strict'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before, suite } from 'node:test'
import sharp from 'sharp'
import { ServiceError } from '../../../api/errors.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { readFixture } from '../../fixtures/index.ts'
import { openApp } from '../open-app.ts'
import { key, openAppWithKey } from '../open-app-with-key.ts'
import { chromium, startBrowser, type Browser } from './browser.ts'
import { openPlayground } from './open-playground.ts'

const fixture = (name: string): string => join(packageRoot, 'test/fixtures', name)
const isDone = 'document.querySelector(".request") !== null && document.querySelector("[aria-busy]") === null'
const names = '[...document.querySelectorAll(".photo h3")].map((each) => each.innerText)'
const firstLabels = '[...document.querySelectorAll(".photo")].map((each) => each.querySelector(".predictions span, .problem code")?.textContent)'

suite('the playground in a browser', { skip: chromium === undefined && 'there is no Chromium' }, () => {
  let browser: Browser
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-playground-'))
  before(() => { browser = startBrowser() })
  after(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  test('a dropped photo gets five labels with bars, the time of each stage, and code that does the same', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await page.until('document.querySelector("#model-card dd") !== null')
    await page.drop('#drop', [fixture('coffee.png')])
    await page.until(isDone)
    const rows = await page.read<Array<[string, string]>>('[...document.querySelectorAll(".predictions li")].map((each) => [each.innerText, each.querySelector("i").style.width])')
    assert.equal(rows.length, 5)
    assert.match(rows[0]![0], /^espresso\s+99\.5 %$/)
    assert.match(rows[0]![1], /^99\.5\d*%$/)
    const stages = await page.read<string[]>('[...document.querySelectorAll(".stages > div")].map((each) => each.innerText)')
    assert.deepEqual(stages.map((stage) => /^(\w+).* [\d.]+ ms$|^(\w+)[^]*\n[\d.]+ ms$/.exec(stage)?.slice(1).find(Boolean)), ['read', 'decode', 'queue', 'run', 'post'])
    assert.match(await page.read('document.getElementById("status").textContent'), /^1 photo classified\. coffee\.png: espresso, 99\.5 %\.$/)
    assert.equal(await page.read('document.getElementById("snippet").innerText'), `curl \\\n  -F image=@coffee.png \\\n  ${page.origin}/classify`)
    assert.ok(await page.read<boolean>('document.querySelector(".photo img").naturalWidth > 0'))
    assert.match(await page.read('document.getElementById("model-card").innerText'), /ghostnet_050_tin200[^]*1\.56 million parameters[^]*top-1 50\.66 %/)
  })

  test('several photos go in one request and are shown in order, each with its labels or its own problem', async (t) => {
    writeFileSync(join(folder, '<b>no photo.jpg'), 'not a picture')
    const { app } = await openApp(t)
    let requests = 0
    app.addHook('onResponse', async ({ method }) => { if (method === 'POST') requests++ })
    const page = await openPlayground(t, browser, app, { scheme: 'dark' })
    await page.drop('h1', [fixture('coffee.png'), join(folder, '<b>no photo.jpg'), fixture('chelsea.png')])
    await page.until(isDone)
    assert.deepEqual(await page.read(names), ['coffee.png', '<b>no photo.jpg', 'chelsea.png'])
    const [coffee, noPhoto, cat] = await page.read<string[]>(firstLabels)
    assert.deepEqual([coffee, noPhoto], ['espresso', 'unsupported_media'])
    assert.match(cat!, /cat|tabby/i)
    assert.equal(requests, 1)
    assert.match(await page.read('document.getElementById("status").textContent'), /^2 photos classified, 1 not\. .*no photo\.jpg: Unsupported media type\. chelsea/)
    await page.photograph('playground-dark')
  })

  test('a page that is loaded again starts anew', async (t) => {
    const { app } = await openApp(t)
    const photos = await Promise.all(['coffee', 'chelsea'].map(async (name) => {
      const path = join(folder, `${name}.jpg`)
      writeFileSync(path, await sharp(readFixture(`${name}.png`)).jpeg({ quality: 90 }).toBuffer())
      return path
    }))
    const page = await openPlayground(t, browser, app)
    for (let i = 0; i < 3; i++) { // the screenshot shows a service that is warm
      await page.drop('#drop', photos)
      await page.until(isDone)
    }
    assert.equal(await page.read('document.querySelectorAll(".request").length'), 3)
    await page.send('Page.reload')
    await page.until('document.querySelector("#model-card dd") !== null && document.querySelector(".request") === null')
    await page.drop('#drop', photos)
    await page.until(isDone)
    assert.deepEqual(await page.read(names), ['coffee.jpg', 'chelsea.jpg'])
    await page.photograph('playground')
  })

  test('photos of something else than the classes are distinguished above the lowest score, in the code, too', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await page.read('(() => { const slider = document.getElementById("min-score"); slider.value = 90; slider.dispatchEvent(new Event("input")) })()')
    assert.equal(await page.read('document.getElementById("min-score-shown").innerText'), '90 %')
    await page.drop('#drop', [fixture('coffee.png'), fixture('chelsea.png')])
    await page.until(isDone)
    assert.deepEqual(await page.read('[...document.querySelectorAll(".photo")].map((each) => each.querySelector(".predictions, .none").innerText.replace(/\\s+/g, " "))'),
      ['espresso 99.5 %', 'None of these classes: no score reaches 90.0 %.'])
    assert.match(await page.read('document.getElementById("status").textContent'),
      /^2 photos classified\. coffee\.png: espresso, 99\.5 %\. chelsea\.png: none of these classes\.$/)
    assert.equal(await page.read('document.getElementById("snippet").innerText'),
      `curl \\\n  -F image=@coffee.png \\\n  -F image=@chelsea.png \\\n  '${page.origin}/classify?minScore=0.9'`)
  })

  test('a pasted image is classified, and the code can be copied', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await browser.send('Browser.grantPermissions', { permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'], origin: page.origin, ...await page.send('Target.getTargetInfo').then(({ targetInfo }) => ({ browserContextId: targetInfo.browserContextId })) })
    await page.send('Page.bringToFront')
    const paste = async (): Promise<void> => await page.press('v', 86, { modifiers: 2, commands: ['paste'] })
    await page.read('navigator.clipboard.writeText("words")')
    await paste()
    await page.until('document.getElementById("status").innerText === "There is no image in the clipboard."')
    await page.read(`(async () => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(readFixture('small.png').toString('base64'))}), (letter) => letter.charCodeAt(0))
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) })])
    })()`)
    await paste()
    await page.until(isDone)
    assert.deepEqual(await page.read(names), ['image.png'])
    assert.equal(await page.read('document.querySelectorAll(".predictions li").length'), 5)
    await page.read('document.getElementById("copy").click()')
    await page.until('document.getElementById("status").innerText === "Copied."')
    assert.equal(await page.read('navigator.clipboard.readText()'), `curl \\\n  -F image=@image.png \\\n  ${page.origin}/classify`)
  })

  test('the camera gives a photo, and is off again', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await page.read('document.getElementById("open-camera").click()')
    await page.until('document.querySelector("video").videoWidth > 0')
    await page.read('document.querySelector("[value=take]").click()')
    await page.until(isDone)
    assert.deepEqual(await page.read(names), ['camera.jpg'])
    assert.equal(await page.read('document.querySelectorAll(".predictions li").length'), 5)
    assert.equal(await page.read('document.querySelector("video").srcObject'), null)
    await page.read('navigator.mediaDevices.getUserMedia = async () => { throw new Error("Permission denied") }')
    await page.read('document.getElementById("open-camera").click()')
    await page.until('document.getElementById("status").innerText === "The camera cannot be used: Permission denied."')
  })

  test('a rejected request is explained in plain words, its code and request id are among the details, and it can be tried again', async (t) => {
    const { app } = await openApp(t)
    let refusals = 1
    app.addHook('onRequest', async ({ method }) => {
      if (method === 'POST' && refusals-- > 0) throw new ServiceError('queue_full', 'The service is at its limit; try again later.')
    })
    const page = await openPlayground(t, browser, app)
    await page.drop('#drop', [fixture('coffee.png'), fixture('chelsea.png')])
    await page.until(isDone)
    const problem = await page.read<string>('document.querySelector("[role=alert]").innerText')
    assert.match(problem, /^Service overloaded\n+The service is busy\. Wait a moment, then try again\.\n+Details\n+Try again$/)
    assert.match(await page.read('document.querySelector("[role=alert] details").textContent'), /^DetailsThe service is at its limit; try again later\.Code queue_full, request [0-9a-f-]{36}$/)
    await page.photograph('playground-refused')
    await page.read('document.querySelector("[role=alert] button").click()')
    await page.until(isDone)
    assert.deepEqual(await page.read('[...document.querySelectorAll(".request")].map((each) => each.querySelectorAll(".predictions").length)'), [2])
    assert.ok(await page.read<boolean>('document.activeElement.matches(".request")'))
  })

  test('where no photo of a request could be classified, each has its own problem', async (t) => {
    writeFileSync(join(folder, 'broken.png'), readFixture('small.png').subarray(0, 1000))
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await page.drop('#drop', [join(folder, 'broken.png'), fixture('README.md')])
    await page.until(isDone)
    assert.deepEqual(await page.read(firstLabels), ['corrupt_image', 'unsupported_media'])
    assert.match(await page.read('document.querySelector(".photo .problem").innerText'), /^Image cannot be decoded\n+This image is damaged or .+\n+Details$/)
    assert.equal(await page.read('document.querySelector(".problem button")'), null)
  })

  test('a service that is gone is explained in plain words, too', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await page.send('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 })
    await page.drop('#drop', [fixture('coffee.png')])
    await page.until(isDone)
    assert.match(await page.read('document.querySelector("[role=alert]").innerText'), /^No response\n+Either the service cannot be reached/)
    await page.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
    await page.read('document.querySelector("[role=alert] button").click()')
    await page.until('document.querySelector(".predictions") !== null')
  })

  test('a response that is not the service\'s own is reported as such', async (t) => {
    const { app } = await openApp(t)
    app.addHook('onRequest', async ({ method }, reply) => {
      if (method === 'POST') return await reply.code(502).type('text/html').send('<h1>Bad gateway</h1>')
    })
    const page = await openPlayground(t, browser, app)
    await page.drop('#drop', [fixture('small.png')])
    await page.until(isDone)
    assert.match(await page.read('document.querySelector("[role=alert]").innerText'), /^Status 502\n+This response came from something in front of the service\.\n+Try again$/)
  })

  test('more photos than one request may have become several requests', async (t) => {
    const { app } = await openApp(t, { MAX_IMAGES: '2' })
    const page = await openPlayground(t, browser, app)
    await page.drop('#drop', ['coffee.png', 'small.png', 'chelsea.png'].map(fixture))
    await page.until('document.querySelectorAll(".predictions").length === 3')
    assert.deepEqual(await page.read('[...document.querySelectorAll(".request")].map((each) => each.querySelectorAll(".photo").length)'), [1, 2])
  })

  test('with keys there is a field for one, which goes with each request and never into the code', async (t) => {
    const { app } = await openAppWithKey(t)
    const page = await openPlayground(t, browser, app)
    assert.equal(await page.read('document.getElementById("model-card").innerText'), 'Enter an API key to see the model.')
    await page.drop('#drop', [fixture('small.png')])
    await page.until(isDone)
    assert.match(await page.read('document.querySelector("[role=alert]").innerText'), /^API key needed\n+This service needs a valid API key/)
    assert.equal(await page.read('document.activeElement.id'), 'key')
    await page.send('Input.insertText', { text: key })
    await page.press('Enter', 13, { text: '\r' })
    await page.until('document.querySelector("#model-card dd") !== null')
    await page.read('document.querySelector("[role=alert] button").click()')
    await page.until('document.querySelector(".predictions") !== null')
    for (const language of ['curl', 'typescript', 'python']) {
      await page.read(`document.querySelector("[value=${language}]").click()`)
      const snippet = await page.read<string>('document.getElementById("snippet").innerText')
      assert.match(snippet, /(?:x-api-key|apiKey).*GHOSTSERVE_KEY/)
      assert.ok(!snippet.includes(key))
    }
  })

  test('everything can be reached by keyboard and has a name for screen readers', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app)
    await page.until('document.querySelector("#model-card dd") !== null')
    const reached: string[] = []
    for (let last; last !== 'BODY' && reached.length < 30;) {
      await page.press('Tab', 9)
      last = await page.read<string>('document.activeElement.id || document.activeElement.value || document.activeElement.innerText.split("\\n")[0]')
      if (await page.read('document.activeElement === document.body')) break
      reached.push(last)
    }
    assert.deepEqual(reached, ['API', 'OpenAPI', 'files', 'open-camera', 'min-score', 'curl', 'curl \\', 'copy', 'Where it comes from', 'Labels: 200'])
    const { nodes } = await page.send('Accessibility.getFullAXTree') as { nodes: Array<{ ignored: boolean, role?: { value: string }, name?: { value: string } }> }
    const controls = nodes.filter(({ ignored, role }) => !ignored && ['button', 'link', 'radio', 'textbox', 'region', 'dialog', 'navigation'].includes(role!.value))
    assert.ok(controls.length >= 9, String(controls.length))
    assert.deepEqual(controls.filter(({ name }) => (name?.value ?? '') === ''), [])
  })

  test('a phone\'s screen has room for all of it', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app, { width: 360, height: 740 })
    await page.choose('#files', ['coffee.png', 'chelsea.png'].map(fixture))
    await page.until(isDone)
    assert.deepEqual(await page.read(names), ['coffee.png', 'chelsea.png'])
    assert.equal(await page.read('document.documentElement.scrollWidth'), 360)
    await page.photograph('playground-phone', 'screen')
  })

  test('a phone without HTTPS takes the photo with its own camera', async (t) => {
    const { app } = await openApp(t)
    const page = await openPlayground(t, browser, app, { width: 360, height: 740 })
    await page.send('Emulation.setTouchEmulationEnabled', { enabled: true })
    await page.send('Page.addScriptToEvaluateOnNewDocument', { source: 'Object.defineProperty(navigator, "mediaDevices", { value: undefined })' })
    await page.send('Page.reload')
    await page.until('document.getElementById("open-camera")?.hidden === true')
    assert.equal(await page.read('document.getElementById("phone-camera").hidden'), false)
    await page.choose('#snapshot', [fixture('exif-6.jpg')])
    await page.until(isDone)
    assert.deepEqual(await page.read(names), ['exif-6.jpg'])
  })
})
