/** The text format of Prometheus, read back and judged. */

export interface Sample { readonly name: string, readonly labels: Readonly<Record<string, string>>, readonly value: number }

export interface Family { readonly name: string, readonly type: string, readonly help: string, readonly samples: Sample[] }

const familyLine = /^# (HELP|TYPE) (\S+) (.+)$/
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/

/** @throws Error for a line that is not of the format, or a sample that belongs to no family. */
export function parseExposition (text: string): Family[] {
  const families: Array<{ -readonly [Key in keyof Family]: Family[Key] }> = []
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, keyword, family, rest] = familyLine.exec(line) ?? []
    if (keyword === 'HELP') families.push({ name: family!, help: rest!, type: '', samples: [] })
    const current = families.at(-1)
    if (keyword === 'TYPE' && current?.name === family) current!.type = rest!
    if (keyword !== undefined) continue
    const [, name, labels = '', value] = sampleLine.exec(line) ?? []
    if (name === undefined || current === undefined || !name.startsWith(current.name)) throw new Error(`Not of a family: ${line}`)
    current.samples.push({
      name,
      labels: Object.fromEntries([...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label!, text!])),
      value: Number(value),
    })
  }
  return families
}

/** Sum of the samples of that name that have these labels. */
export function valueOf (families: readonly Family[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return families.flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

const units = /_(seconds|bytes)$/
const unitsThatAreNotBase = /_(ms|milliseconds|us|microseconds|ns|nanoseconds|minutes|hours|kb|kib|mb|mib|kilobytes|megabytes|percent)(_|$)/
/** What may be told apart, and by what: each has few values, none of which a client can make up. */
const allowedLabels = new Set(['route', 'method', 'status', 'code', 'statistic', 'phase', 'reason', 'name', 'version', 'layout', 'execution_provider', 'device', 'le'])

/** What is wrong with the names, types and labels; nothing if all is well. */
export function lint (families: readonly Family[]): string[] {
  return families.flatMap(({ name, type, help, samples }) => [
    ...(/^(ghostserve|process)_[a-z0-9_]+$/.test(name) ? [] : [`${name}: not of this service, or not in snake_case`]),
    ...(['counter', 'gauge', 'histogram'].includes(type) ? [] : [`${name}: its type is "${type}"`]),
    ...(/^[A-Z].+\.$/.test(help) ? [] : [`${name}: its help is no sentence: "${help}"`]),
    ...((type === 'counter') === name.endsWith('_total') ? [] : [`${name}: _total is for counters, and for all of them`]),
    ...(unitsThatAreNotBase.test(name) ? [`${name}: its unit is not a base unit`] : []),
    ...(/(second|byte|duration|delay|_wait)(_|$)/.test(name) && !units.test(name.replace(/_total$/, '')) ? [`${name}: its unit is not at its end`] : []),
    ...(type !== 'histogram' && /_(count|sum|bucket)$/.test(name) ? [`${name}: its ending is a histogram's`] : []),
    ...samples.flatMap(({ labels }) => Object.keys(labels)).filter((label) => !allowedLabels.has(label))
      .map((label) => `${name}: ${label} may have any number of values`),
  ])
}
