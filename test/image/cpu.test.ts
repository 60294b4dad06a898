/** `npm run test:image`: the Dockerfile's cpu target, built and run as a platform would. Needs root, buildah and mmdebstrap. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, suite, type TestContext } from 'node:test'
import { freePort } from '../../loadtest/free-port.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readFixture } from '../fixtures/index.ts'
import { Buildah, type Image } from './buildah.ts'
import { Container, readStatus, runInImage, threadNames } from './container.ts'
import { makeDebianBases } from './debian-bases.ts'

const MB = 1e6
const maxImageBytes = 300 * MB
const drainLimitMs = 8000

const buildah = new Buildah()
after(() => buildah.remove())

const bases = makeDebianBases(buildah)

function build (name: string): Image {
  buildah.buildTarget('cpu', name, [...bases, '--build-arg', 'REVISION=tested'])
  return buildah.inspect(name)
}

const image = build('cpu')
const root = buildah.mount('cpu')
const { config } = image

async function start (t: TestContext, environment: (port: number) => Record<string, string>, args?: readonly string[]): Promise<Container> {
  const port = await freePort()
  const container = new Container(root, config, port, environment(port), args)
  t.after(() => container.end('SIGKILL'))
  return container
}

const listFiles = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })

const photo = readFixture('coffee.png')
const photoRequest = { method: 'POST', headers: { 'content-type': 'image/png' }, body: photo }

suite('the image', () => {
  test('is small', (t) => {
    t.diagnostic(`${Math.round(image.bytes / MB)} MB in ${image.layers.length} layers, unpacked`)
    assert.ok(image.bytes < maxImageBytes, `${image.bytes} bytes`)
  })

  test('says what it is, and runs as a user without a name', () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
    assert.equal(config.Labels['org.opencontainers.image.version'], version)
    assert.equal(config.Labels['org.opencontainers.image.revision'], 'tested')
    assert.equal(config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0')
    assert.equal(config.User, '10001:10001')
    assert.deepEqual(Object.keys(config.ExposedPorts), ['8080/tcp'])
    assert.ok(config.Env.includes('MALLOC_ARENA_MAX=2'))
  })

  test('has neither a shell nor a package manager, nor what the build was told in secret', () => {
    const programs = ['usr/bin', 'usr/sbin', 'usr/local/bin'].flatMap((folder) => existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
    assert.deepEqual(programs.filter((program) => /^(ba|da)?sh$|^busybox$|^apt|^dpkg|^np[mx]$/.test(program)), [])
    assert.ok(programs.includes('tini'))
    for (const secret of ['run/secrets', 'root/.npmrc', 'root/.npm', 'etc/apt/apt.conf.d/99-build']) assert.ok(!existsSync(join(root, secret)), secret)
  })

  test('has onnxruntime for this platform alone, the graphs, and no tests', () => {
    const libraries = listFiles('app/node_modules/onnxruntime-node/bin').filter((path) => path.includes('onnxruntime'))
    assert.ok(libraries.length >= 2)
    assert.deepEqual(libraries.filter((path) => !path.includes(`linux/${process.arch}/`)), [])
    const { graphs } = JSON.parse(readFileSync(join(root, 'app/models/bundled/graphs/index.json'), 'utf8')) as { graphs: object }
    for (const layout of Object.keys(graphs)) assert.ok(existsSync(join(root, `app/models/bundled/graphs/${layout}.onnx`)), layout)
    assert.deepEqual(readdirSync(join(root, 'app/dist')).sort(), ['api', 'bundle'])
    assert.deepEqual(readdirSync(join(root, 'app/dist/api')), ['client'])
  })

  test('lists every package that it has, and Node and tini, in its SBOM', () => {
    const { components } = JSON.parse(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8')) as { components: Array<{ name: string, version: string, purl: string }> }
    const listed = new Set(components.map(({ name, version }) => `${name}@${version}`))
    const packages = listFiles('app/node_modules').filter((path) => /(^|node_modules\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(readFileSync(join(root, 'app/node_modules', path), 'utf8')) as { name: string, version: string })
      .map(({ name, version }) => `${name}@${version}`)
    assert.ok(packages.length > 100)
    assert.deepEqual(packages.filter((name) => !listed.has(name)), [])
    assert.ok(components.some(({ purl }) => purl.startsWith('pkg:generic/node@24.')))
    assert.ok(listed.has('tini@0.19.0'))
  })
})

suite('a container of it', () => {
  test('classifies a photo as user 10001 on a read-only root, and drains on SIGTERM', async (t) => {
    const startedAt = performance.now()
    const container = await start(t, (port) => ({ PORT: String(port) }))
    const answer = await container.firstAnswer('/classify?topK=1', photoRequest)
    const coldStartMs = Math.round(performance.now() - startedAt)
    t.diagnostic(`${coldStartMs} ms from nothing to the first classified photo`)
    const { results } = await answer.json() as { results: Array<{ predictions: Array<{ label: string }> }> }
    assert.equal(results[0]!.predictions[0]!.label, 'espresso')

    await container.ready()
    const { initPid, servicePid } = container
    assert.match(readFileSync(`/proc/${initPid}/cmdline`, 'utf8'), /^\/usr\/local\/bin\/tini\0/)
    assert.match(readStatus(initPid)['NSpid']!, /\t1$/)
    const service = readStatus(servicePid)
    assert.equal(service['Uid'], '10001\t10001\t10001\t10001')
    assert.equal(service['Gid'], '10001\t10001\t10001\t10001')
    assert.equal(service['Groups']?.trim() ?? '', '')
    assert.equal(service['CapEff'], '0000000000000000')
    const write = runInImage(root, config, ['/usr/local/bin/node', '-e', 'require("fs").writeFileSync("/tmp/file", "")'])
    assert.match(write.stderr, /EROFS/)

    const healthCheck = config.Healthcheck.Test.slice(1)
    const port = new URL(container.url).port
    assert.equal(runInImage(root, config, healthCheck, { PORT: port }).status, 0)

    const askedAt = performance.now()
    const [inFlight, exitCode] = await Promise.all([fetch(`${container.url}/classify`, photoRequest), container.end('SIGTERM')])
    const drainMs = Math.round(performance.now() - askedAt)
    t.diagnostic(`${drainMs} ms from SIGTERM to the end`)
    assert.equal(inFlight.status, 200)
    assert.equal(exitCode, 0)
    assert.ok(drainMs < drainLimitMs, `${drainMs} ms`)
    assert.notEqual(runInImage(root, config, healthCheck, { PORT: port }).status, 0, 'nothing is there any more')
  })

  test('takes SageMaker\'s word and Vertex AI\'s port, and as many libuv threads as it is told', async (t) => {
    const container = await start(t, (port) => ({ PORT: '1', AIP_HTTP_PORT: String(port), UV_THREADPOOL_SIZE: '3' }), ['serve'])
    await container.ready()
    assert.equal(threadNames(container.servicePid).filter((name) => name === 'libuv-worker').length, 3)
    assert.equal((await fetch(`${container.url}/ping`)).status, 200)
  })
})

test('the same input makes the same image', () => {
  const again = build('again')
  assert.deepEqual(again.layers, image.layers)
  // In Docker's format buildah, and only buildah, notes a made-up host.
  const settings = (built: Image) => ({ ...built.config, Hostname: undefined })
  assert.deepEqual(settings(again), settings(image))
})
