/** What the README shows of the committed results: a glance at its top, and the bars. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { replaceSection } from '../generated-section.ts'
import { strongestPeer } from './bars.ts'
import { columns, describeRun, markdownTable, typical, writeBarTable } from './report.ts'
import { findComparison, type Results } from './results.ts'

export const readme = join(packageRoot, 'README.md')

const glanceColumns = new Set(['requests/s', 'p99 ms', 'CPU ms an image', 'RSS MB', 'start s'])

/** The README with what it shows of the results. @throws Error where its marks are missing. */
export function renderReadme (text: string, results: Results): string {
  const bars = `${describeRun(results)}\n\n${writeBarTable(results, 'docs/benchmarks/')}`
  return replaceSection(replaceSection(text, 'peers', bars), 'glance', renderGlance(results))
}

export async function writeReadme (results: Results): Promise<void> {
  await writeFile(readme, renderReadme(await readFile(readme, 'utf8'), results))
}

/** Us and the strongest peer, with ghostnet_100 and the smaller photos. */
function renderGlance (results: Results): string {
  const comparison = findComparison(results, 'ghostnet_100', 'web')
  const strongest = comparison && strongestPeer(comparison)
  if (strongest === undefined) return 'Not measured.'
  const { peer, pairs } = strongest
  const peers = new Set(comparison!.matchups.map(({ peer }) => peer.split(',')[0]))
  const rows = columns.filter(([title]) => glanceColumns.has(title)).map(([title, value, digits]) =>
    [title, typical(pairs.map(({ ours }) => ours), value, digits), typical(pairs.map(({ theirs }) => theirs), value, digits)])
  return markdownTable([`ghostnet_100, photos of 500x400, ${results.users} users, ${results.machine.split(',')[0]}`, 'GhostServe', `${peer}, the closest of ${peers.size} others`], rows)
}
