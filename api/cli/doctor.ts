/** `ghostserve doctor`: which execution providers can be used on this machine, and what the others lack. */
import type { Command } from 'commander'
import { graphPath } from '../../models/graph-index.ts'
import { bundledModelDirectory } from '../../models/shelf.ts'
import { chooseExecutionProvider } from '../execution-provider/choose-execution-provider.ts'
import { describeDevice, executionProviders, explainUnavailable, type ExecutionProvider } from '../execution-provider/execution-provider.ts'
import { explainNoSession } from '../execution-provider/explain-no-session.ts'
import { table } from './describe-model.ts'

interface Finding { readonly provider: ExecutionProvider, readonly isUsable: boolean, readonly detail: string }

export function addDoctorCommand (program: Command): void {
  program.command('doctor')
    .description('Say which execution providers (cpu, cuda, tensorrt, webgpu) work on this machine, and what the others lack.')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve doctor')
    .action(async ({ json }: { json?: true }) => {
      const findings: Finding[] = []
      for (const provider of executionProviders) findings.push(await examine(provider)) // one at a time: they share a device
      const auto = chooseExecutionProvider('auto')
      if (json) {
        process.stdout.write(`${JSON.stringify({ providers: findings, auto }, null, 2)}\n`)
        return
      }
      const rows = findings.map(({ provider, isUsable, detail }) => [provider, isUsable ? 'works' : 'cannot be used', detail])
      process.stdout.write(`${table(rows)}\n\nEXECUTION_PROVIDER=auto is ${auto} here.\n`)
    })
}

/** First what can be seen, which is where a reason can be named; then whether a session can be made. */
async function examine (provider: ExecutionProvider): Promise<Finding> {
  const reason = explainUnavailable(provider) ?? await explainNoSession(provider, graphPath(bundledModelDirectory, 'plain'))
  return { provider, isUsable: reason === undefined, detail: reason ?? `on ${describeDevice(provider)}` }
}
