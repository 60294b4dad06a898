/** Chart.js, to be put into a page. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A closing tag inside the library would end the element that it is put into. */
export function chartLibrary (): string {
  const entry = createRequire(import.meta.url).resolve('chart.js')
  return readFileSync(join(dirname(entry), 'chart.umd.min.js'), 'utf8').replaceAll('</script', '<\\/script').replace(/\n?\/\/# sourceMappingURL.*$/m, '')
}
