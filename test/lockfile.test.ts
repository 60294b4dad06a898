import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../models/package-root.ts'

interface LockedPackage {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly optionalDependencies?: Record<string, string>
}

const readText = (path: string) => readFileSync(join(packageRoot, path), 'utf8')
const lock: { lockfileVersion: number, packages: Record<string, LockedPackage> } = JSON.parse(readText('package-lock.json'))
const locked = new Map(Object.entries(lock.packages).filter(([path]) => path !== ''))

test('every package is pinned by digest and none by the address it came from', () => {
  assert.equal(lock.lockfileVersion, 3)
  assert.ok(locked.size > 100)
  for (const [path, { integrity, resolved }] of locked) {
    assert.match(integrity ?? '', /^sha512-/, path)
    assert.equal(resolved, undefined, path)
  }
})

test('sharp\'s binaries for every supported platform are locked, at the versions that it asks for', () => {
  const { optionalDependencies = {} } = locked.get('node_modules/sharp') ?? {}
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-arm64']) {
    for (const name of [`@img/sharp-${platform}`, `@img/sharp-libvips-${platform}`]) {
      const binary = locked.get(`node_modules/${name}`)
      assert.equal(binary?.optional, true, name)
      assert.equal(binary?.version, optionalDependencies[name], name)
    }
  }
})

test('install scripts are off, and only packages that carry their binaries have one', () => {
  assert.match(readText('.npmrc'), /^ignore-scripts=true$/m)
  const withScript = [...locked].filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path)
  // onnxruntime-node's would fetch libraries for GPUs; esbuild's only saves its command a start of Node.
  assert.deepEqual(withScript, ['node_modules/esbuild', 'node_modules/onnxruntime-node'])
})
