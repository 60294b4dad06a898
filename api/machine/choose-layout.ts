import { readFileSync } from 'node:fs'
import type { Layout } from '../../models/onnx/layout.ts'

/**
 * The layout whose blocks are as wide as this processor's: onnxruntime's CPU provider uses 16 channels with AVX-512 and 8 with AVX2.
 * `plain` elsewhere (arm64), where its blocked kernels are not faster.
 *
 * @param architecture - As `process.arch`.
 * @param readCpuInfo - Text of Linux's /proc/cpuinfo.
 */
export function chooseLayout (architecture: string = process.arch, readCpuInfo: () => string = readProcCpuInfo): Layout {
  if (architecture !== 'x64') return 'plain'
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readCpuInfo())?.[1]?.split(' '))
  if (flags.has('avx512f')) return 'blocked16'
  return flags.has('avx2') ? 'blocked8' : 'plain'
}

function readProcCpuInfo (): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
