/** Definitions of the operators' resources, as their Go modules carry them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { downloadModule } from './kubernetes-build.ts'

const modules = [
  { version: 'github.com/kedacore/keda/v2@v2.21.0', folder: 'config/crd/bases', wanted: /^keda\.sh_/ },
  { version: 'knative.dev/serving@v0.51.0', folder: 'config/core/300-resources', wanted: /^service\.yaml$/ },
  { version: 'github.com/prometheus-operator/prometheus-operator@v0.85.0', folder: 'example/prometheus-operator-crd', wanted: /podmonitors|prometheusrules/ },
]

/** Paths of the definitions. */
export async function findCustomResources (): Promise<string[]> {
  const folders = await Promise.all(modules.map(async ({ version, folder, wanted }) => {
    const directory = join((await downloadModule(version)).Dir, folder)
    return readdirSync(directory).filter((file) => wanted.test(file)).map((file) => join(directory, file))
  }))
  return folders.flat()
}
