/** The alerts as the Prometheus operator takes them, from rules.yml. Run as built, it writes the manifest: `npm run infra:rules`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stringify } from 'yaml'
import { infraFolder, parseInfraFile } from './infra-files.ts'

export const prometheusRulePath = 'k8s/components/monitoring/prometheusrule.yaml'

export function renderPrometheusRule (): string {
  const spec = parseInfraFile<object>('observability/rules.yml')
  const manifest = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: { name: 'ghostserve' }, spec }
  return `# Written by \`npm run infra:rules\` from observability/rules.yml, which has the tests.\n${stringify(manifest, { lineWidth: 0 })}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(join(infraFolder, prometheusRulePath), renderPrometheusRule())
