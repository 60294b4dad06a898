/** The Dockerfile's gpu target: 1.2 GB to download, so it is built where TEST_GPU_IMAGE=1 says so. No GPU is needed, and none is tried. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../models/package-root.ts'
import { Buildah, type ImageConfig } from './buildah.ts'
import { runInImage } from './container.ts'
import { makeDebianBases } from './debian-bases.ts'

/** What no image may have: the driver's, which comes from the host. */
const driver = 'libcuda.so.1'

/** Names of libraries that the given ones need, and those in turn, which the image's own loader does not find. */
function findUnresolved (root: string, config: ImageConfig, paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const { stdout, stderr } = runInImage(root, config, ['/lib64/ld-linux-x86-64.so.2', '--list', path])
    assert.match(stdout, /libc\.so\.6 => \//, `${path}: ${stderr}`)
    return [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name!)
  })
}

test('every library that the cuda provider and Vulkan need is in the gpu image, except the driver\'s', (t) => {
  if (process.env['TEST_GPU_IMAGE'] !== '1') {
    const reason = 'the gpu image was not built, which downloads 1.2 GB: TEST_GPU_IMAGE=1 npm test -- image/gpu'
    process.stderr.write(`!!! SKIPPED: ${reason}\n`)
    t.skip(reason)
    return
  }
  const buildah = new Buildah()
  t.after(() => buildah.remove())
  buildah.buildTarget('gpu', 'gpu', makeDebianBases(buildah))
  const { config, bytes } = buildah.inspect('gpu')
  const root = buildah.mount('gpu')
  t.diagnostic(`${Math.round(bytes / 1e6)} MB, unpacked`)

  const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const { components } = JSON.parse(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8')) as { components: Array<{ name: string, version: string, purl: string }> }
  const versionOf = (name: string): string | undefined => components.find((component) => component.name === name)?.version
  assert.equal(versionOf('onnxruntime-gpu'), dependencies['onnxruntime-node'], 'the provider is of the same onnxruntime')
  assert.ok(versionOf('nvidia-cudnn-cu13'))
  for (const name of ['libvulkan1', 'libx11-6', 'libegl1', 'libglvnd0', 'zlib1g']) {
    assert.ok(components.some(({ purl, version }) => purl.startsWith(`pkg:deb/debian/${name}@`) && /^\d/.test(version)), `${name} is in the SBOM`)
  }

  const environment = Object.fromEntries(config.Env.map((entry) => entry.split(/=(.*)/s))) as Record<string, string>
  const providers = '/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64'
  // cuDNN, and its parts, are looked for only when a session is made.
  const cudnn = readdirSync(join(root, 'usr/local/cuda/lib')).filter((name) => name.startsWith('libcudnn'))
  assert.ok(cudnn.includes('libcudnn.so.9') && cudnn.some((name) => name.startsWith('libcudnn_cnn')))
  const libraries = [
    ...['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'].map((name) => join(providers, name)),
    ...cudnn.map((name) => join('/usr/local/cuda/lib', name)),
    ...['libvulkan.so.1', 'libX11.so.6', 'libXext.so.6', 'libEGL.so.1', 'libGLdispatch.so.0'].map((name) => join('/usr/local/lib', name)),
  ]
  for (const path of libraries) assert.ok(existsSync(join(root, path)), path)
  assert.deepEqual([...new Set(findUnresolved(root, config, libraries))], [driver])

  const doctor = runInImage(root, config, [...config.Entrypoint, 'doctor', '--json'])
  const { providers: findings } = JSON.parse(doctor.stdout) as { providers: Array<{ provider: string, detail: string }> }
  assert.match(findings.find(({ provider }) => provider === 'cuda')!.detail, /^libcuda\.so\.1 is not on the library path$/)
  assert.match(findings.find(({ provider }) => provider === 'webgpu')!.detail, /No supported adapters$/)

  // GKE's device plugin mounts the driver here.
  assert.ok(environment['LD_LIBRARY_PATH']!.split(':').includes('/usr/local/nvidia/lib64'))
  const data = environment['XDG_DATA_DIRS']!.split(':')
  for (const folder of ['/usr/local/nvidia/share', '/usr/local/nvidia', '/usr/local/share', '/usr/share']) assert.ok(data.includes(folder), folder)
  const capabilities = environment['NVIDIA_DRIVER_CAPABILITIES']!.split(',')
  for (const capability of ['compute', 'graphics']) assert.ok(capabilities.includes(capability), capability)
})
