/** `ghostserve doctor`: what the service would run on this machine, which execution providers work, and what the others lack. */
import type { Command } from 'commander'
import { checkSettings } from '../app.ts'
import { countAvailableCores } from '../machine/available-cores.ts'
import { countAvailableMemory } from '../machine/available-memory.ts'
import { executionProviders, readConfig, type ExecutionProvider } from '../config.ts'
import { classifierOptions } from '../engine/create-classifier.ts'
import { chooseExecutionProvider } from '../machine/execution-provider/choose-execution-provider.ts'
import { describeDevice } from '../machine/execution-provider/execution-provider.ts'
import { explainUnavailable } from '../machine/execution-provider/explain-no-session.ts'
import { table } from './describe-model.ts'
import { writeOutput } from './write-output.ts'

interface Finding { readonly provider: ExecutionProvider, readonly isUsable: boolean, readonly detail: string }

interface Service {
  readonly model: string
  readonly version: string
  readonly layout: string
  readonly executionProvider: ExecutionProvider
  readonly workers: number
}

export function addDoctorCommand (program: Command): void {
  program.command('doctor')
    .description('Show what the service would run on this machine, and which execution providers (cpu, cuda, tensorrt, webgpu) work.')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve doctor\n\nIt reads the service\'s environment variables, and exits with 1 if the service could not start with them.')
    .action(async ({ json }: { json?: true }) => {
      const { platform, arch, versions: { node } } = process
      const machine = { node, platform: `${platform}-${arch}`, cores: countAvailableCores(), memoryBytes: countAvailableMemory() }
      const service = await examineService()
      const findings: Finding[] = []
      for (const provider of executionProviders) findings.push(await examine(provider)) // one at a time: they share a device
      const auto = await chooseExecutionProvider('auto')
      const isUsable = (provider: ExecutionProvider): boolean => findings.find((finding) => finding.provider === provider)!.isUsable
      if ('error' in service || !isUsable(service.executionProvider)) process.exitCode = 1
      if (json) {
        await writeOutput(`${JSON.stringify({ ...machine, service, providers: findings, auto }, null, 2)}\n`)
        return
      }
      const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB of memory`
      const facts = [
        ['machine', `Node ${node} on ${machine.platform}, ${count(machine.cores, 'core')}, ${memory}`],
        ['service', describeService(service)],
      ]
      const rows = findings.map(({ provider, isUsable, detail }) => [provider, isUsable ? 'works' : 'cannot be used', detail])
      await writeOutput(`${table(facts)}\n\n${table(rows)}\n\nEXECUTION_PROVIDER=auto is ${auto} here.\n`)
    })
}

/** The service as the environment configures it, without making a session. */
async function examineService (): Promise<Service | { error: string }> {
  try {
    const config = readConfig()
    const { model, executionProvider, workers } = await classifierOptions(config, (error) => { throw error })
    checkSettings(config)
    const { manifest: { name }, version, layout } = model
    return { model: name, version, layout, executionProvider, workers }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return { error: error.message }
  }
}

function describeService (service: Service | { error: string }): string {
  if ('error' in service) return `cannot start: ${service.error}`
  const { model, version, layout, executionProvider, workers } = service
  return `${model} ${version}, layout ${layout}, on ${executionProvider} with ${count(workers, 'session')}`
}

function count (number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

async function examine (provider: ExecutionProvider): Promise<Finding> {
  const reason = await explainUnavailable(provider)
  return { provider, isUsable: reason === undefined, detail: reason ?? `on ${describeDevice(provider)}` }
}
