/** A part of a Markdown file that a script writes, between `<!-- NAME -->` and `<!-- /NAME -->`. */

/** The file's text with another content between the marks. @throws Error without the marks. */
export function replaceSection (text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to === -1) throw new Error(`Expected the marks of the section ${name}, but there are none.`)
  return text.slice(0, from + begin.length) + content + text.slice(to)
}
