/** The settings of infra/ that decide how the service scales, read from the manifests themselves. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readConfig } from '../../api/config.ts'
import { packageRoot } from '../../models/package-root.ts'
import type { HorizontalPodAutoscalerSettings, ScalingRules } from './horizontal-pod-autoscaler.ts'
import type { KnativeAutoscalerSettings } from './knative-autoscaler.ts'

interface Pod {
  readonly containers: ReadonlyArray<{
    readonly resources: { readonly limits: { readonly cpu: string } }
    readonly env: ReadonlyArray<{ readonly name: string, readonly value: string }>
  }>
  readonly containerConcurrency?: number
  readonly timeoutSeconds?: number
}
interface Template {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
  readonly spec: Pod
}
interface Workload { readonly spec: { readonly template: Template } }
interface Behavior {
  readonly scaleUp: ScalingRules
  readonly scaleDown: ScalingRules
}
interface ScaledObject {
  readonly spec: {
    readonly minReplicaCount: number
    readonly maxReplicaCount: number
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: Behavior } }
    readonly triggers: ReadonlyArray<{ readonly metadata: { readonly query: string, readonly threshold: string } }>
  }
}
/** Patches in JSON Patch's form, written in YAML. */
interface Overlay { readonly patches: readonly [{ readonly patch: string }] }
interface PodMonitor { readonly spec: { readonly podMetricsEndpoints: ReadonlyArray<{ readonly interval: string }> } }

export interface Shipped<Autoscaling> {
  readonly autoscaling: Autoscaling
  readonly cores: number
  /** Above which an instance takes no more. */
  readonly maxInWork: number
}

/** @param gpu - The overlay gpu-keda instead of cpu-keda. */
export function readKedaSettings (gpu: boolean): Shipped<HorizontalPodAutoscalerSettings> {
  const { minReplicaCount, maxReplicaCount, advanced, triggers } = parseManifest<ScaledObject>('k8s/components/keda/scaledobject.yaml').spec
  const { query, threshold } = triggers[0]!.metadata
  const [{ patch: ofGpu }] = parseManifest<Overlay>('k8s/overlays/gpu-keda/kustomization.yaml').patches
  const [{ value: gpuThreshold }] = parse(ofGpu) as [{ value: string }]
  const { interval } = parseManifest<PodMonitor>('k8s/components/monitoring/podmonitor.yaml').spec.podMetricsEndpoints[0]!
  const [base] = parseManifest<Workload>('k8s/base/deployment.yaml').spec.template.spec.containers
  const [patch] = parseManifest<Workload>('k8s/components/gpu-nvidia/deployment.yaml').spec.template.spec.containers
  return {
    autoscaling: {
      minReplicas: minReplicaCount,
      maxReplicas: maxReplicaCount,
      target: Number(gpu ? gpuThreshold : threshold),
      scrapeSeconds: readSeconds(interval),
      averageSeconds: readSeconds(/\[(\w+)\]/.exec(query)![1]!),
      ...advanced.horizontalPodAutoscalerConfig.behavior,
    },
    cores: Number((gpu ? patch : base)!.resources.limits.cpu),
    maxInWork: readMaxQueueSize(base!.env),
  }
}

export function readKnativeSettings (): Shipped<KnativeAutoscalerSettings> & { readonly holdSeconds: number } {
  const { metadata: { annotations }, spec: { containers: [container], containerConcurrency, timeoutSeconds } } =
    parseManifest<Workload>('knative/service.yaml').spec.template
  const annotation = (name: string): string => annotations[`autoscaling.knative.dev/${name}`]!
  return {
    autoscaling: {
      minScale: Number(annotation('min-scale')),
      maxScale: Number(annotation('max-scale')),
      target: Number(annotation('target')),
      scaleDownDelaySeconds: readSeconds(annotation('scale-down-delay')),
    },
    cores: Number(container!.resources.limits.cpu),
    maxInWork: Math.min(containerConcurrency!, readMaxQueueSize(container!.env)),
    holdSeconds: timeoutSeconds!,
  }
}

function parseManifest<Document> (path: string): Document {
  return parse(readFileSync(join(packageRoot, 'infra', path), 'utf8')) as Document
}

function readMaxQueueSize (env: Pod['containers'][number]['env']): number {
  return readConfig(Object.fromEntries(env.map(({ name, value }) => [name, value]))).maxQueueSize
}

/** @param duration - As in "10s" or "2m". */
function readSeconds (duration: string): number {
  const [, value, unit] = /^(\d+)([sm])$/.exec(duration) ?? []
  if (value === undefined) throw new Error(`Expected a duration in seconds or minutes, got ${JSON.stringify(duration)}.`)
  return Number(value) * (unit === 'm' ? 60 : 1)
}
