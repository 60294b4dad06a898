/** The bars in the README, from the committed results. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { replaceSection } from '../generated-section.ts'
import { describeRun, writeBarTable } from './report.ts'
import type { Results } from './results.ts'

export const readme = join(packageRoot, 'README.md')
export const peersSection = 'peers'

export function renderPeersSection (results: Results): string {
  return `${describeRun(results)}\n\n${writeBarTable(results, 'docs/benchmarks/')}`
}

export async function writePeersSection (results: Results): Promise<void> {
  await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), peersSection, renderPeersSection(results)))
}
