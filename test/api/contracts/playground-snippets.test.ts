/** The code that the playground shows, run as it is. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { after, before, suite } from 'node:test'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { packageRoot } from '../../../models/package-root.ts'
import { readFixture } from '../../fixtures/index.ts'
import { key, openAppWithKey } from '../open-app-with-key.ts'
import { chromium, startBrowser, type Browser } from '../playground/browser.ts'
import { openPlayground } from '../playground/open-playground.ts'

const python = process.env['CONTRACT_CLIENTS_PYTHON']

/** Why a snippet cannot be run. */
const missing: Record<string, string | undefined> = {
  curl: spawnSync('curl', ['--version']).error === undefined ? undefined : 'the curl of the playground was not run: there is no curl',
  python: python === undefined ? 'the Python of the playground was not run: npm run test:contracts installs httpx' : undefined,
}

/** Stands for the package's name: it is not installed in the folder of the photos. */
const clientUrl = pathToFileURL(join(packageRoot, 'dist/api/client/client.js')).href

/** What runs a snippet. */
const commands: Record<string, (snippet: string) => [string, string[]]> = {
  curl: (snippet) => ['sh', ['-c', snippet.replace('curl', 'curl -s')]],
  typescript: (snippet) => {
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
    const { outputText } = ts.transpileModule(snippet, { compilerOptions })
    return [process.execPath, ['--input-type=module', '-e', outputText.replace('ghostserve/client', clientUrl)]]
  },
  python: (snippet) => [python!, ['-c', snippet]],
}

suite('the code of the playground', { skip: chromium === undefined && 'there is no Chromium' }, () => {
  // A name with everything that shells, curl and strings read as something else.
  const names = ['coffee.png', 'it\'s; a "cat", $HOME & more.png']
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-snippets-'))
  let browser: Browser
  before(() => {
    browser = startBrowser()
    writeFileSync(join(folder, names[0]!), readFixture('coffee.png'))
    writeFileSync(join(folder, names[1]!), readFixture('chelsea.png'))
  })
  after(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  for (const [language, command] of Object.entries(commands)) {
    test(`${language} gives the same answer`, async (t) => {
      const reason = missing[language]
      if (reason !== undefined) {
        process.stderr.write(`!!! SKIPPED: ${reason}\n`)
        return t.skip(reason)
      }
      const { app } = await openAppWithKey(t)
      const page = await openPlayground(t, browser, app)
      await page.read(`document.querySelector("[value=${language}]").click()`)
      await page.drop('#drop', names.map((name) => join(folder, name)))
      await page.until('document.querySelector(".problem") !== null')
      const [program, args] = command(await page.read<string>('document.getElementById("snippet").textContent'))
      const child = spawn(program, args, { cwd: folder, env: { ...process.env, GHOSTSERVE_KEY: key }, stdio: ['ignore', 'pipe', 'pipe'] })
      const [output, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
      assert.equal(exitCode, 0, errors)
      assert.match(output, /espresso[^]*Egyptian cat/)
    })
  }
})
