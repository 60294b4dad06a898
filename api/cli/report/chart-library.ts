/** Chart.js, to be inlined into a page. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Source of the library, without closing tags, which would end its element. */
export function chartLibrary (): string {
  const entry = createRequire(import.meta.url).resolve('chart.js')
  return readFileSync(join(dirname(entry), 'chart.umd.min.js'), 'utf8').replaceAll('</script', '<\\/script').replace(/\n?\/\/# sourceMappingURL.*$/m, '')
}
