/**
 * Part of the build: the service and the command line in a few files each, next to the modules that they are made of, with the
 * licences of the packages in them. A start would look up and read a thousand files otherwise: docs/decisions/0033.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { packageRoot } from '../../models/package-root.ts'

const built = join(dirname(fileURLToPath(import.meta.url)), '../..')
const bundle = join(built, 'bundle')

/** Libraries of native code, which find it beside themselves, and what is read as a file. */
const notBundled = ['sharp', 'onnxruntime-node', '@napi-rs/image', 'chart.js']

/** Packages whose licence is in another file than those of that name. */
const licencesElsewhere: Readonly<Record<string, RegExp>> = { 'abstract-logging': /^readme/i }

/** What CommonJS modules find in place, and esbuild's modules have not. */
const commonJs = `import { createRequire as createBundleRequire } from 'node:module'
const require = createBundleRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname`

rmSync(bundle, { recursive: true, force: true }) // chunks of former builds have other names
const { metafile } = await build({
  // A thread's or a child's file stands beside the one that starts it, as in the sources.
  entryPoints: {
    server: join(built, 'api/server.js'),
    cli: join(built, 'api/cli/main.js'),
    'session-worker': join(built, 'api/engine/session-worker.js'),
    'probe-session': join(built, 'api/machine/execution-provider/probe-session.js'),
  },
  outdir: bundle,
  bundle: true,
  // What is imported later is a file of its own, and loaded later still.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: notBundled,
  banner: { js: commonJs },
  legalComments: 'none', // of the licences, which follow
  metafile: true,
  absWorkingDir: packageRoot,
  logLevel: 'warning',
})

const packages = new Set(Object.keys(metafile.inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
writeFileSync(join(bundle, 'LICENSES.txt'), [...packages].sort().map(describeLicence).join('\n\n'))

/**
 * @param folder - Of a package, from the repository's root.
 * @throws Error if it has no licence, which must not be published then.
 */
function describeLicence (folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(packageRoot, folder, 'package.json'), 'utf8')) as Record<'name' | 'version' | 'license', string>
  const legal = name in licencesElsewhere ? licencesElsewhere[name]! : /^(?:licen[cs]e|notice|copying)/i
  const texts = readdirSync(join(packageRoot, folder), { withFileTypes: true }).filter((entry) => entry.isFile() && legal.test(entry.name))
    .map((entry) => readFileSync(join(packageRoot, folder, entry.name), 'utf8').trim())
  if (texts.length === 0 || typeof license !== 'string') throw new Error(`Expected a licence in ${folder}, found none.`)
  return [`${name} ${version}: ${license}`, ...texts].join('\n\n')
}
