/** A real control plane of Kubernetes, kubectl, and kwok for nodes, built once from their Go modules into the user's cache directory. */
import { execFile } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import envPaths from 'env-paths'
import { cachedDirectory } from '../../../loadtest/lab-cache.ts'
import { MissingTool } from './missing-tool.ts'

const run = promisify(execFile)

const kubernetesVersion = '1.37.2'
const module = 'k8s.io/kubernetes'
const kubernetesPrograms = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl']
const kwok = {
  module: 'sigs.k8s.io/kwok',
  version: 'v0.8.0',
  stages: [
    'node/fast/node-initialize.yaml', 'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
    'pod/fast/pod-ready.yaml', 'pod/fast/pod-complete.yaml', 'pod/fast/pod-delete.yaml',
  ],
}
/** Kubernetes's own libraries, which its module takes from its repository and everybody else from modules of this version. */
const librariesVersion = `v0.${kubernetesVersion.split('.').slice(1).join('.')}`

/** The static build is the same on every machine. */
const buildSettings = { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' }

/**
 * Folder with the programs of the control plane and `kubectl`. The first call takes some minutes.
 *
 * @throws MissingTool without Go, or where the modules cannot be had.
 */
export async function findKubernetes (): Promise<string> {
  return await cachedDirectory(`kubernetes-control-plane-${kubernetesVersion}`, async (directory) => {
    console.error(`Building Kubernetes ${kubernetesVersion}, which takes some minutes, once.`)
    await buildKubernetes(directory)
  }, envPaths('ghostserve', { suffix: '' }).cache)
}

export interface Kwok {
  readonly program: string
  /** How its nodes and pods come up and end: kwok's own files. */
  readonly stages: readonly string[]
}

/**
 * The nodes of a cluster without machines, on which pods are said to run.
 *
 * @throws MissingTool as above.
 */
export async function findKwok (): Promise<Kwok> {
  const folder = await cachedDirectory(`kwok-${kwok.version}`, async (directory) => {
    console.error(`Building kwok ${kwok.version}, which takes some minutes, once.`)
    const { GoMod: goMod, Dir: sources } = await downloadModule(`${kwok.module}@${kwok.version}`)
    const goVersion = /^go .+$/m.exec(readFileSync(goMod, 'utf8'))![0]
    writeFileSync(join(directory, 'go.mod'), `module ghostserve.invalid/kwok\n${goVersion}\nrequire ${kwok.module} ${kwok.version}\n`)
    await buildPrograms(directory, sources, [`${kwok.module}/cmd/kwok`])
    for (const stage of kwok.stages) cpSync(join(sources, 'kustomize/stage', stage), join(directory, basename(stage)))
  }, envPaths('ghostserve', { suffix: '' }).cache)
  return { program: join(folder, 'kwok'), stages: kwok.stages.map((stage) => join(folder, basename(stage))) }
}

/**
 * Puts the programs into the directory.
 *
 * @throws MissingTool as above; an Error for what does not compile, which is a fault of what is pinned here.
 */
async function buildKubernetes (directory: string): Promise<void> {
  const { GoMod: goMod, Dir: sources } = await downloadModule(`${module}@v${kubernetesVersion}`)
  writeFileSync(join(directory, 'go.mod'), describeModule(readFileSync(goMod, 'utf8')))
  await buildPrograms(directory, sources, kubernetesPrograms.map((name) => `${module}/cmd/${name}`))
}

/** @param directory - Where its go.mod is, and where the programs come. */
async function buildPrograms (directory: string, sources: string, programs: readonly string[]): Promise<void> {
  writeFileSync(join(directory, 'go.sum'), readFileSync(join(sources, 'go.sum')))
  // Listing what is imported downloads it all, and compiles nothing: what fails afterwards is no download.
  await download(['list', '-mod=mod', '-deps', '-f={{.Name}}', ...programs], directory)
  await go(['build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', `${directory}/`, ...programs], directory)
}

/**
 * Finds the folder in which Go keeps a module's files.
 *
 * @throws MissingTool without Go, or where the module cannot be had.
 */
export async function downloadModule (version: string): Promise<{ readonly Dir: string, readonly GoMod: string }> {
  return JSON.parse(await download(['mod', 'download', '-json', version])) as { Dir: string, GoMod: string }
}

function describeModule (goMod: string): string {
  const goVersion = /^go .+$/m.exec(goMod)![0]
  const libraries = [...goMod.matchAll(/^\s*(?:replace )?(k8s\.io\/\S+) => \.\/staging/gm)].map(([, name]) => `replace ${name} => ${name} ${librariesVersion}`)
  return ['module ghostserve.invalid/kubernetes', goVersion, `require ${module} v${kubernetesVersion}`, ...libraries, ''].join('\n')
}

/** A command of Go whose failure is that of a download. */
async function download (args: readonly string[], cwd?: string): Promise<string> {
  return await go(args, cwd).catch((cause: Error) => {
    throw cause instanceof MissingTool ? cause : new MissingTool(cause.message, { cause })
  })
}

async function go (args: readonly string[], cwd = '/'): Promise<string> {
  const options = { cwd, env: { ...process.env, ...buildSettings }, maxBuffer: 2 ** 26 }
  const { stdout } = await run('go', args, options).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    if (cause.code === 'ENOENT') throw new MissingTool('Expected Go to build Kubernetes with, but there is none.', { cause })
    throw new Error(`Expected \`go ${args.join(' ')}\` to work, but: ${cause.stderr?.trim().split('\n').at(-1) ?? cause.message}`, { cause })
  })
  return stdout
}
