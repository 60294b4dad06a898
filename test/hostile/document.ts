/** docs/reference/hostile-inputs.md, from the cases themselves. Run as built, it writes the file: `npm run docs:hostile`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../models/package-root.ts'
import { bodyCases } from './cases/bodies.ts'
import { enabledFormatsCases } from './cases/enabled-formats.ts'
import { httpCases } from './cases/http.ts'
import { imageCases } from './cases/images.ts'
import { floodScenarios } from './cases/flood.ts'
import { leavingScenarios } from './cases/leaving.ts'
import { multipartCases } from './cases/multipart.ts'
import { slowScenarios } from './cases/slow.ts'
import { rows } from './catalogue.ts'
import { describeAnswer } from './hostile-case.ts'

export const documentPath = join(packageRoot, 'docs/reference/hostile-inputs.md')

const introduction = `# Hostile inputs and their answers

Written by \`npm run docs:hostile\` from the tests in \`test/hostile\`, which send all of this to a real server over real sockets
(\`npm run test:hostile\`). For every input: an answer within a second (or the stated timeout), the connection ends with it, no word of
the libraries inside, no internal error, the next good request is served, the code has been counted in \`ghostserve_rejections_total\`,
and afterwards memory and descriptors are where they were.
`

interface DocumentedCase { readonly row: number, readonly input: string, readonly answer: string }

export const documentedCases: readonly DocumentedCase[] = [
  ...[bodyCases, imageCases, enabledFormatsCases, multipartCases, httpCases].flat()
    .map((each) => ({ row: each.row, input: each.input, answer: describeAnswer(each) })),
  ...slowScenarios,
  ...floodScenarios,
  ...leavingScenarios,
]

export function renderDocument (): string {
  const lines = Object.entries(rows).flatMap(([row, name]) => {
    const ofRow = documentedCases.filter((each) => each.row === Number(row))
    const answers = [...new Set(ofRow.map(({ answer }) => answer))]
    return answers.map((answer, i) => {
      const inputs = ofRow.filter((each) => each.answer === answer).map(({ input }) => input)
      return `| ${i === 0 ? row : ''} | ${i === 0 ? name : ''} | ${inputs.join('; ')} | ${answer} |`
    })
  })
  return [introduction, '| | what | input | answer |', '|---|---|---|---|', ...lines, ''].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(documentPath, renderDocument())
