/**
 * What the image adds to its base, as CycloneDX: npm's list of packages, from standard input, and the programs beside them, as
 * arguments (`name@version`). Without the number and the time that npm invents, so that the same image has the same list.
 */
import { readFileSync } from 'node:fs'

const sbom = JSON.parse(readFileSync(0, 'utf8'))
delete sbom.serialNumber
delete sbom.metadata.timestamp
for (const program of process.argv.slice(2)) {
  const [name, version] = program.split('@')
  sbom.components.push({ 'bom-ref': program, type: 'application', name, version, purl: `pkg:generic/${program}` })
}
process.stdout.write(`${JSON.stringify(sbom, null, 1)}\n`)
