/** The commands of a Markdown page: its `sh` blocks, with the output that the page shows behind one, and why one is not run. */
export interface CommandBlock {
  /** Line of the page, from 1. */
  readonly line: number
  readonly code: string
  /** Block of JSON or text that follows at once. */
  readonly shown: { readonly language: 'json' | 'text', readonly content: string } | undefined
  /** What the page says, to its readers or in a comment, before a block that no test can run. */
  readonly skipped: string | undefined
  /** The npm script that runs the block elsewhere, as a comment before it says. */
  readonly runBy: string | undefined
}

const skipMark = /(?:^|\n)(?:<!-- )?Not run by a test: ([^]+?)(?: -->)?$/
const otherTestMark = /(?:^|\n)<!-- Run by npm (?:run )?(\S+) -->$/

export function readCommands (page: string): CommandBlock[] {
  const fences = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    content: match[2]!.trimEnd(),
    from: match.index,
    until: match.index + match[0].length,
  }))
  return fences.flatMap(({ language, content, from, until }, i) => {
    if (language !== 'sh') return []
    const before = page.slice(0, from).trimEnd().split('\n\n').at(-1)!
    const next = fences[i + 1]
    const isAnswer = next !== undefined && next.language !== 'sh' && page.slice(until, next.from).trim() === ''
    return [{
      line: page.slice(0, from).split('\n').length,
      code: content,
      shown: isAnswer ? { language: next.language as 'json' | 'text', content: next.content } : undefined,
      skipped: skipMark.exec(before)?.[1]?.replaceAll('\n', ' '),
      runBy: otherTestMark.exec(before)?.[1],
    }]
  })
}
