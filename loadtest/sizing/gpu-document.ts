/** The numbers of infra/gpu.md. Run as built, it writes them there: `npm run docs:gpu`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../models/package-root.ts'
import { replaceSection } from '../generated-section.ts'
import { reportedNumbers } from '../reported.ts'
import { coresForGpu, costOfMillion, decodeSeconds, imagesPerSecond, totalSeconds } from './gpu-node.ts'
import { readMeasured } from './measured.ts'
import { prices, priceSource } from './price.ts'

export const gpuDocument = join(packageRoot, 'infra/gpu.md')
export const gpuSection = 'sizing'

const nodeCores = [4, 8, 16, 32, 64]
/** MindCV's training on 8 Ascend 910. */
const cluster = reportedNumbers.find(({ id }) => id === 'mindcv-ascend-910-x8')!

export function renderGpuSection (): string {
  const { machine, at, model, cpuMs } = readMeasured()
  const { web, phone } = cpuMs
  const [webSeconds, phoneSeconds] = [decodeSeconds(web), decodeSeconds(phone)]
  const gpus = reportedNumbers.filter(({ id, work }) => work === 'inference' && id.includes('rtx'))
  return [
    `**Measured**, by \`npm run loadtest:sizing\` on ${at.slice(0, 10)}: ${machine.cores} cores of ${machine.processor}, Node ${machine.node}, ` +
      `${model}, 16 users in a closed loop who share these cores, ${digits(machine.loadBefore)} other processes at work on the machine before. CPU milliseconds an image:`,
    '',
    '| photos | HTTP | decode, resize, crop | together: what a GPU node needs | the network, on a CPU | all of it where sessions decode, on a CPU |',
    '|---|---|---|---|---|---|',
    ...([['about 500x400', web], ['12 megapixels', phone]] as const).map(([name, cpu]) =>
      `| ${name} | ${cpu.http} | ${cpu.decode} | ${digits(decodeSeconds(cpu) * 1000)} | ${cpu.session} | ${cpu.onCpu} |`),
    '',
    '**Reported** by timm for the network alone, in half precision, on tensors that are on the GPU already; **computed** from both: the cores that could feed that GPU.',
    '',
    '| GPU | network | images/s, [reported](../loadtest/reported.ts) | cores, 500x400 | cores, 12 megapixels |',
    '|---|---|---|---|---|',
    ...gpus.map(({ hardware, model, imagesPerSecond }) => `| ${hardware} | ${model} | ${digits(imagesPerSecond)} | ` +
      `${Math.ceil(coresForGpu(imagesPerSecond, webSeconds))} | ${Math.ceil(coresForGpu(imagesPerSecond, phoneSeconds))} |`),
    '',
    `**Computed**: what the cores of one node decode, photos of about 500x400, against the ${digits(cluster.imagesPerSecond)} images/s that MindCV reported for training on ` +
      `${cluster.hardware}. It is the most that a node gives, with however fast a GPU. The last column is the same cores without a GPU.`,
    '',
    `| cores | images/s with a GPU | of ${digits(cluster.imagesPerSecond)} | nodes for ${digits(cluster.imagesPerSecond)} | images/s without, ${model} |`,
    '|---|---|---|---|---|',
    ...nodeCores.map((cores) => {
      const rate = imagesPerSecond(cores, webSeconds)
      const share = rate / cluster.imagesPerSecond * 100
      return `| ${cores} | ${digits(rate)} | ${digits(share)} % | ${Math.ceil(cluster.imagesPerSecond / rate)} | ${digits(imagesPerSecond(cores, totalSeconds(web)))} |`
    }),
    '',
    '**Computed**: a million images on a machine with one NVIDIA L4, if its vCPUs are as fast as the cores above and decode without a pause. Price: on demand in ' +
      `${priceSource.region}, ${priceSource.date}, [source](${priceSource.url}). Nobody reported GhostNet on an L4.`,
    '',
    '| machine | vCPUs | US dollars an hour | images/s | a million of 500x400 | a million of 12 megapixels |',
    '|---|---|---|---|---|---|',
    ...prices.map(({ machine, vCpus, perHour }) => {
      const [webRate, phoneRate] = [imagesPerSecond(vCpus, webSeconds), imagesPerSecond(vCpus, phoneSeconds)]
      return `| ${machine} | ${vCpus} | ${perHour.toFixed(4)} | ${digits(webRate)} | $${costOfMillion(perHour, webRate).toFixed(2)} | $${costOfMillion(perHour, phoneRate).toFixed(2)} |`
    }),
  ].join('\n')
}

/** Three significant digits, or all of those before the point. */
function digits (value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(gpuDocument, replaceSection(readFileSync(gpuDocument, 'utf8'), gpuSection, renderGpuSection()))
}
