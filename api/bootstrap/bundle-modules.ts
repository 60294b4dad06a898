/**
 * Build step: bundles the service and the command line into a few files next to their modules, with the licences of the packages
 * in them. Without it, a start would look up and read a thousand files: docs/decisions/0033.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { packageRoot } from '../../models/package-root.ts'

const built = join(dirname(fileURLToPath(import.meta.url)), '../..')
const bundle = join(built, 'bundle')

/** Packages left out: native libraries, which find files next to themselves, and packages that are read as a file. */
const notBundled = ['sharp', 'onnxruntime-node', '@napi-rs/image', 'chart.js']

/** Packages whose licence file has an unusual name. */
const licencesElsewhere: Readonly<Record<string, RegExp>> = { 'abstract-logging': /^readme/i }

/** Variables that CommonJS modules have and esbuild's modules lack. */
const commonJs = `import { createRequire as createBundleRequire } from 'node:module'
const require = createBundleRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname`

rmSync(bundle, { recursive: true, force: true }) // chunks of former builds have other names
const { metafile } = await build({
  // The file of a thread or a child process stands next to the one that starts it, as in the sources.
  entryPoints: {
    server: join(built, 'api/server.js'),
    cli: join(built, 'api/cli/main.js'),
    'session-worker': join(built, 'api/engine/session-worker.js'),
    'probe-session': join(built, 'api/machine/execution-provider/probe-session.js'),
  },
  outdir: bundle,
  bundle: true,
  // Modules that are imported later are files of their own, loaded on demand.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: notBundled,
  banner: { js: commonJs },
  legalComments: 'none', // the licences follow in a file of their own
  metafile: true,
  absWorkingDir: packageRoot,
  logLevel: 'warning',
})

const packages = new Set(Object.keys(metafile.inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
writeFileSync(join(bundle, 'LICENSES.txt'), [...packages].sort().map(describeLicence).join('\n\n'))

/**
 * Describes the licence of a package.
 *
 * @param folder - Folder of the package, relative to the repository's root.
 * @throws Error if it has no licence: it must not be published then.
 */
function describeLicence (folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(packageRoot, folder, 'package.json'), 'utf8')) as Record<'name' | 'version' | 'license', string>
  const legal = name in licencesElsewhere ? licencesElsewhere[name]! : /^(?:licen[cs]e|notice|copying)/i
  const texts = readdirSync(join(packageRoot, folder), { withFileTypes: true }).filter((entry) => entry.isFile() && legal.test(entry.name))
    .map((entry) => readFileSync(join(packageRoot, folder, entry.name), 'utf8').trim())
  if (texts.length === 0 || typeof license !== 'string') throw new Error(`Expected a licence in ${folder}, found none.`)
  return [`${name} ${version}: ${license}`, ...texts].join('\n\n')
}
