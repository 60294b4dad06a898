/** What the documents of all platforms have in common: a container, and what the platform around it does. */
import { readConfig, type Config } from '../../api/config.ts'

interface Probe { httpGet?: { path: string, port?: number | string }, periodSeconds?: number, failureThreshold?: number }
interface Resources { requests?: Record<string, string>, limits?: Record<string, string> }

export interface Container {
  readonly name: string
  readonly image: string
  readonly ports: ReadonlyArray<{ name?: string, containerPort: number }>
  readonly env?: ReadonlyArray<{ name: string, value: string }>
  readonly resources: Resources
  readonly startupProbe: Probe
  readonly readinessProbe?: Probe
  readonly livenessProbe: Probe
  readonly securityContext?: Record<string, unknown>
}

interface PodSpec {
  readonly containers: readonly Container[]
  readonly terminationGracePeriodSeconds?: number
  readonly containerConcurrency?: number
  readonly timeoutSeconds?: number
  readonly timeout?: number
  readonly securityContext?: Record<string, unknown>
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string, readonly namespace?: string, readonly annotations?: Readonly<Record<string, string>> }
  // Every kind has its own.
  readonly spec?: Record<string, never>
}

interface Spec {
  readonly template?: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }, readonly spec: PodSpec }
  readonly predictor?: PodSpec
}

/** One instance on one platform. */
export interface Workload {
  readonly container: Container
  readonly config: Config
  /** From SIGTERM to SIGKILL. */
  readonly graceSeconds: number
  /** After which the platform gives up on a request; undefined where it never does. */
  readonly timeoutSeconds: number | undefined
  /**
   * Requests that the platform sends to an instance: what it is told to aim at, if it is told, and never more than. undefined where the
   * service alone decides.
   */
  readonly concurrency: { readonly target: number | undefined, readonly hard: number } | undefined
  /** Whether a second port can be declared. */
  readonly hasMetricsPort: boolean
  /** Traffic stops only when readiness fails: the drain delay has to outlast that. */
  readonly isDrainedByReadiness: boolean
  readonly podSecurity: Readonly<Record<string, unknown>>
}

/** From SIGTERM to SIGKILL on Cloud Run, which has no setting for it. */
const cloudRunGraceSeconds = 10

/** @returns undefined for documents without a container of ours. */
export function readWorkload ({ apiVersion, kind, metadata, spec }: Manifest): Workload | undefined {
  const parts = spec as unknown as Spec | undefined
  if (kind === 'Deployment' || kind === 'InferenceService') {
    const pod = kind === 'Deployment' ? parts!.template!.spec : parts!.predictor!
    const { terminationGracePeriodSeconds: graceSeconds = 30, timeout: timeoutSeconds } = pod
    return describe(pod, { graceSeconds, timeoutSeconds, concurrency: undefined, hasMetricsPort: true, isDrainedByReadiness: true })
  }
  if (apiVersion !== 'serving.knative.dev/v1' || kind !== 'Service') return undefined
  const { metadata: { annotations = {} }, spec: pod } = parts!.template!
  const hard = pod.containerConcurrency!
  const target = annotations['autoscaling.knative.dev/target']
  const isCloudRun = Object.keys(metadata.annotations ?? {}).some((name) => name.startsWith('run.googleapis.com/'))
  return describe(pod, {
    graceSeconds: isCloudRun ? cloudRunGraceSeconds : pod.timeoutSeconds!,
    timeoutSeconds: pod.timeoutSeconds,
    concurrency: { hard, target: target === undefined ? undefined : Number(target) },
    hasMetricsPort: !isCloudRun,
    isDrainedByReadiness: false,
  })
}

/** @throws ConfigError for an environment with which the service would not start. */
export function environmentOf ({ env = [] }: Pick<Container, 'env'>): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]))
}

function describe (pod: PodSpec, platform: Omit<Workload, 'container' | 'config' | 'podSecurity'>): Workload {
  const [container] = pod.containers
  const config = readConfig(environmentOf(container!))
  return { container: container!, config, podSecurity: pod.securityContext ?? {}, ...platform }
}
