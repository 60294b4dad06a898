import cliProgress, { type Params, type SingleBar } from 'cli-progress'

/** A progress bar on standard error; without a terminal, one line every few seconds. */
export function progressBar (unit: 'images' | 'bytes'): SingleBar {
  const scale = unit === 'bytes' ? 1e6 : 1
  const amount = unit === 'bytes' ? 'MB' : unit
  const format = (value: number): string => (value / scale).toLocaleString('en-US', { maximumFractionDigits: unit === 'bytes' ? 1 : 0 })
  return new cliProgress.SingleBar({
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 5000,
    stream: process.stderr,
    format: (options, { value, total, startTime, progress }: Params) => {
      const seconds = Math.max(0.001, (Date.now() - startTime) / 1000)
      const bar = cliProgress.Format.BarFormat(progress, options)
      return `${bar}  ${format(value)} of ${format(total)} ${amount}  ${format(value / seconds)} ${amount}/s`
    },
  }, cliProgress.Presets.shades_classic)
}
