/** `ghostserve serve`: the service. What follows nothing else starts without this file: api/bootstrap/commands.cjs. */
import type { Command } from 'commander'

export function addServeCommand (program: Command): void {
  program.command('serve')
    .description('Serve a model over HTTP: the page at /, the API at /docs.')
    .addHelpText('after', '\nExample:\n  ghostserve serve\n  MODEL=ghostnet_100 PORT=9000 ghostserve serve\n\n' +
      'Environment variables configure it: docs/reference/configuration.md of the repository has them all.')
    .action(async () => { await import('../server.ts') })
}
