/** The commands of a Markdown page: its `sh` blocks, with the answer that the page shows behind one, and why one is not run. */
export interface CommandBlock {
  /** In the page, from 1. */
  readonly line: number
  readonly code: string
  /** Of the block of JSON or text that follows at once. */
  readonly shown: { readonly language: 'json' | 'text', readonly content: string } | undefined
  /** What the page says before a block that no test can run. */
  readonly skipped: string | undefined
}

const skipMark = /^Not run by a test: (.+)$/

export function readCommands (page: string): CommandBlock[] {
  const fences = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    content: match[2]!.trimEnd(),
    from: match.index,
    until: match.index + match[0].length,
  }))
  return fences.flatMap(({ language, content, from, until }, i) => {
    if (language !== 'sh') return []
    const before = page.slice(0, from).trimEnd().split('\n').at(-1)!
    const next = fences[i + 1]
    const isAnswer = next !== undefined && next.language !== 'sh' && page.slice(until, next.from).trim() === ''
    return [{
      line: page.slice(0, from).split('\n').length,
      code: content,
      shown: isAnswer ? { language: next.language as 'json' | 'text', content: next.content } : undefined,
      skipped: skipMark.exec(before)?.[1],
    }]
  })
}
