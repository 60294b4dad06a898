/** Versions below which a dependency has a known flaw that this service would have too. The lock file cannot fall below them unnoticed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import sharp from 'sharp'
import { packageRoot } from '../../models/package-root.ts'

interface Floor { readonly version: string, readonly reason: string }

const packages: Record<string, Floor> = {
  fastify: { version: '5.8.5', reason: 'CVE-2026-33806: a space before the Content-Type skips validation; older flaws are fixed below it' },
  '@fastify/multipart': { version: '9.0.3', reason: 'CVE-2025-24033: files of aborted uploads stay on disk' },
  '@fastify/static': { version: '10.1.1', reason: 'CVE-2026-15074: paths escape the folder' },
  sharp: { version: '0.35.0', reason: 'GHSA-f88m-g3jw-g9cj: libvips decoders write out of bounds' },
  undici: { version: '7.24.0', reason: 'CVE-2026-22036, CVE-2026-2229: unbounded decompression; a server ends a WebSocket client' },
}

/** Not to be depended on by anything, at any version. */
const banned: Record<string, string> = {
  busboy: 'CVE-2022-24434 by way of dicer; @fastify/busboy has the fix',
  dicer: 'CVE-2022-24434: a header of a part ends the process; unmaintained',
}

/** What sharp's binaries are made of. */
const libraries: Record<string, Floor> = {
  vips: { version: '8.18.3', reason: 'GHSA-f88m-g3jw-g9cj' },
  webp: { version: '1.3.2', reason: 'CVE-2023-4863: lossless WebP writes out of bounds' },
  heif: { version: '1.22.0', reason: 'CVE-2026-32882, CVE-2026-3949, CVE-2026-3950: AVIF reads out of bounds' },
}

const parts = (version: string): number[] => version.split(/[.-]/, 3).map(Number)

function isAtLeast (version: string, floor: string): boolean {
  const [actual, wanted] = [parts(version), parts(floor)]
  const first = wanted.findIndex((part, i) => part !== actual[i])
  return first === -1 || actual[first]! > wanted[first]!
}

const lock: { packages: Record<string, { version: string }> } = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8'))
const locked = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, { version }]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), version, path }))

test('versions are compared as numbers', () => {
  assert.ok(isAtLeast('5.10.0', '5.8.5') && isAtLeast('5.8.5', '5.8.5') && isAtLeast('6.0.0', '5.8.5') && isAtLeast('0.35.0-rc.1', '0.35.0'))
  assert.ok(!isAtLeast('5.8.4', '5.8.5') && !isAtLeast('4.99.99', '5.8.5') && !isAtLeast('0.9.0', '0.35.0'))
})

test('no locked package, however deep, is below the floor of its name', () => {
  const names = new Set(locked.map(({ name }) => name))
  for (const name of ['fastify', 'sharp']) assert.ok(names.has(name), name)
  for (const { name, version, path } of locked) {
    const floor = packages[name]
    if (floor !== undefined) assert.ok(isAtLeast(version, floor.version), `${path} ${version} is below ${floor.version}: ${floor.reason}`)
    assert.equal(banned[name], undefined, path)
  }
})

test('the libraries that sharp brings are not below their floors', () => {
  const versions = sharp.versions as Record<string, string | undefined>
  for (const [name, { version, reason }] of Object.entries(libraries)) {
    assert.ok(isAtLeast(versions[name] ?? '0', version), `${name} ${versions[name]} is below ${version}: ${reason}`)
  }
})
