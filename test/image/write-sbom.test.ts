/** The image's SBOM, without an image. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../models/package-root.ts'

test('what lies next to npm\'s packages is in the SBOM with its name, its version and its package URL', () => {
  const fromNpm = { serialNumber: 'urn:uuid:invented', metadata: { timestamp: 'now', component: {} }, components: [{ name: 'sharp' }] }
  const { stdout, stderr } = spawnSync(process.execPath, [
    join(packageRoot, 'infra/image/write-sbom.mjs'), 'generic/node@24.19.0', 'pypi/nvidia-cublas@13.1.0.3', 'deb/debian/libx11-6@2:1.8.12-1+b1',
  ], { input: JSON.stringify(fromNpm), encoding: 'utf8' })
  assert.equal(stderr, '')
  const component = (type: string, name: string, version: string, purl: string) => ({ 'bom-ref': purl, type, name, version, purl })
  assert.deepEqual(JSON.parse(stdout), {
    metadata: { component: {} },
    components: [
      { name: 'sharp' },
      component('application', 'node', '24.19.0', 'pkg:generic/node@24.19.0'),
      component('library', 'nvidia-cublas', '13.1.0.3', 'pkg:pypi/nvidia-cublas@13.1.0.3'),
      component('library', 'libx11-6', '2:1.8.12-1+b1', 'pkg:deb/debian/libx11-6@2%3A1.8.12-1%2Bb1'),
    ],
  })
})
