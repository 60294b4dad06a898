/** Grafana's dashboard, as far as it asks Prometheus. */
import { readInfraFile } from './infra-files.ts'

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number, readonly y: number, readonly w: number, readonly h: number }
  readonly targets?: ReadonlyArray<{ readonly expr: string, readonly legendFormat: string }>
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string }> }
}

export function readDashboard (): Dashboard {
  return JSON.parse(readInfraFile('observability/dashboards/ghostserve.json')) as Dashboard
}

/** An expression as Grafana sends it, with everything selected. */
export function expandVariables (expression: string, rateInterval: string): string {
  return expression.replaceAll('$__rate_interval', rateInterval).replaceAll('$instance', '.*')
}
