/**
 * What the image adds to its base, as CycloneDX: npm's list of packages, from standard input, and what lies beside them, as
 * arguments in the order of a package URL (`generic/node@24.21.0`, `deb/debian/libegl1@1.7.0-1`). Without the number and the time that npm invents, so that the same image has the same list.
 */
import { readFileSync } from 'node:fs'

const sbom = JSON.parse(readFileSync(0, 'utf8'))
delete sbom.serialNumber
delete sbom.metadata.timestamp
for (const argument of process.argv.slice(2)) {
  const [path, version] = argument.split('@')
  const purl = `pkg:${path}@${encodeURIComponent(version)}`
  sbom.components.push({ 'bom-ref': purl, type: path.startsWith('generic/') ? 'application' : 'library', name: path.split('/').at(-1), version, purl })
}
process.stdout.write(`${JSON.stringify(sbom, null, 1)}\n`)
