/**
 * Part of the build: the service and the command line in a few files each, next to the modules that they are made of. A start would
 * look up and read a thousand files otherwise: docs/decisions/0033.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const built = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Libraries of native code, which find it beside themselves, and what is read as a file. */
const notBundled = ['sharp', 'onnxruntime-node', '@napi-rs/image', 'chart.js']

/** What CommonJS modules find in place, and esbuild's modules have not. */
const commonJs = `import { createRequire as createBundleRequire } from 'node:module'
const require = createBundleRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname`

await build({
  // A thread's or a child's file stands beside the one that starts it, as in the sources.
  entryPoints: {
    server: join(built, 'api/server.js'),
    cli: join(built, 'api/cli/main.js'),
    'session-worker': join(built, 'api/pipeline/session-worker.js'),
    'probe-session': join(built, 'api/execution-provider/probe-session.js'),
  },
  outdir: join(built, 'bundle'),
  bundle: true,
  // What is imported later is a file of its own, and loaded later still.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: notBundled,
  banner: { js: commonJs },
  legalComments: 'none',
  logLevel: 'warning',
})
