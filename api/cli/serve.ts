/** `ghostserve serve`: the service. Without options it starts faster, without this file: api/bootstrap/commands.cjs. */
import type { Command } from 'commander'

export function addServeCommand (program: Command): void {
  program.command('serve')
    .description('Serve a model over HTTP: the playground at /, the API at /docs.')
    .addHelpText('after', '\nExample:\n  ghostserve serve\n  MODEL=ghostnet_100 PORT=9000 ghostserve serve\n\n' +
      'Environment variables configure it: see docs/reference/configuration.md in the repository.')
    .action(async () => { await import('../server.ts') })
}
