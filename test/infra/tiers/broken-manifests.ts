/** Manifests with one fault each, as people make them. An API server has to refuse every one, or its yes to the good ones means little. */
import type { Manifest } from '../workload.ts'

/* eslint-disable @typescript-eslint/no-explicit-any -- a fault fits no type */
export interface Broken {
  readonly kind: string
  /** The overlay or platform that has such a document. */
  readonly from: 'k8s/overlays/gpu-keda' | 'k8s/overlays/gpu-hpa' | 'knative'
  readonly breakIt: (spec: any) => void
  /** What the server says of it. */
  readonly says: RegExp
}

const gpuKeda = 'k8s/overlays/gpu-keda'
const container = (spec: any): any => spec.template.spec.containers[0]

export const brokenManifests: Record<string, Broken> = {
  'a selector that matches other labels': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { spec.selector.matchLabels['app.kubernetes.io/name'] = 'other' }, says: /selector/,
  },
  'a GPU request that is not its limit': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { container(spec).resources.requests['nvidia.com/gpu'] = '2' }, says: /nvidia\.com\/gpu/,
  },
  'half a GPU': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { container(spec).resources.limits['nvidia.com/gpu'] = '0.5' }, says: /must be an integer/,
  },
  'a request above the limit': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { container(spec).resources.requests.memory = '8Gi' }, says: /less than or equal to memory limit/,
  },
  'a mount without a volume': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { delete spec.template.spec.volumes }, says: /volumeMounts\[0\]\.name/,
  },
  'an update that may neither add nor remove': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { spec.strategy.rollingUpdate.maxUnavailable = 0 }, says: /maxUnavailable/,
  },
  'a port name that is none': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { container(spec).ports[0].name = 'HTTP_PORT' }, says: /ports\[0\]\.name/,
  },
  'a probe of no kind': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { delete container(spec).livenessProbe.httpGet }, says: /must specify a handler type/,
  },
  'a preStop sleep longer than the grace period': {
    kind: 'Deployment',
    from: gpuKeda,
    breakIt: (spec) => { container(spec).lifecycle = { preStop: { sleep: { seconds: 60 } } } },
    says: /must be greater than 0 and less than terminationGracePeriodSeconds|terminationGracePeriodSeconds/,
  },
  'a misspelt field': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { container(spec).readinesProbe = {} }, says: /unknown field/,
  },
  'a number where the environment wants a string': {
    kind: 'Deployment', from: gpuKeda, breakIt: (spec) => { container(spec).env[0].value = 9090 }, says: /env|string/,
  },
  'a budget with both bounds': {
    kind: 'PodDisruptionBudget', from: gpuKeda, breakIt: (spec) => { spec.minAvailable = 1 }, says: /minAvailable and maxUnavailable/,
  },
  'a network policy of an unknown protocol': {
    kind: 'NetworkPolicy', from: gpuKeda, breakIt: (spec) => { spec.ingress[0].ports[0].protocol = 'HTTP' }, says: /protocol/,
  },
  'a service on a port that is none': {
    kind: 'Service', from: gpuKeda, breakIt: (spec) => { spec.ports[0].port = 80_800 }, says: /ports\[0\]\.port/,
  },
  'an autoscaler with a minimum above its maximum': {
    kind: 'HorizontalPodAutoscaler', from: 'k8s/overlays/gpu-hpa', breakIt: (spec) => { spec.minReplicas = 9 }, says: /maxReplicas/,
  },
  'a scale-down window that never ends': {
    kind: 'HorizontalPodAutoscaler',
    from: 'k8s/overlays/gpu-hpa',
    breakIt: (spec) => { spec.behavior.scaleDown.stabilizationWindowSeconds = 7200 },
    says: /stabilizationWindowSeconds/,
  },
  'a KEDA threshold that is no string': {
    kind: 'ScaledObject', from: gpuKeda, breakIt: (spec) => { spec.triggers[0].metadata.threshold = 32 }, says: /threshold/,
  },
  'a KEDA field that does not exist': {
    kind: 'ScaledObject', from: gpuKeda, breakIt: (spec) => { spec.minReplicas = 1 }, says: /unknown field/,
  },
  'a pod monitor with a duration in words': {
    kind: 'PodMonitor', from: gpuKeda, breakIt: (spec) => { spec.podMetricsEndpoints[0].interval = '10 seconds' }, says: /interval/,
  },
  'an alert that is none': {
    kind: 'PrometheusRule', from: gpuKeda, breakIt: (spec) => { delete spec.groups[0].rules[0].expr }, says: /expr/,
  },
  'a Knative field that does not exist': {
    kind: 'Service', from: 'knative', breakIt: (spec) => { spec.template.spec.concurrency = 64 }, says: /unknown field/,
  },
}

/** Faults of pods, which admission refuses; of a Deployment it only warns. */
export const brokenPods: Record<string, Pick<Broken, 'breakIt' | 'says'>> = {
  'a pod that keeps its capabilities': { breakIt: (spec) => { delete spec.containers[0].securityContext.capabilities }, says: /PodSecurity.*capabilities/s },
  'a pod that may be root': { breakIt: (spec) => { spec.securityContext.runAsUser = 0 }, says: /PodSecurity.*runAsUser/s },
  'a pod on the node\'s network': { breakIt: (spec) => { spec.hostNetwork = true }, says: /PodSecurity.*hostNetwork/s },
}

/** A copy of the document with the fault. */
export function breakManifest (document: Manifest, breakIt: Broken['breakIt']): Manifest {
  const copy = structuredClone(document)
  breakIt(copy.spec)
  return copy
}
