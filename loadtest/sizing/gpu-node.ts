/** What a GPU node can do where decoding is its limit: cores, images/s and money. Times are CPU seconds of one core. */
import type { CpuMs } from './measured.ts'

/** On a GPU node the network takes no CPU time. What its session copies and launches does, which is not known. */
export const decodeSeconds = ({ http, decode }: CpuMs): number => (http + decode) / 1000

/** Of an instance without a GPU. */
export const totalSeconds = ({ onCpu }: CpuMs): number => onCpu / 1000

/** Cores that decode as fast as a GPU classifies. */
export const coresForGpu = (gpuImagesPerSecond: number, secondsAnImage: number): number => gpuImagesPerSecond * secondsAnImage

/** Images/s that so many cores decode, or decode and classify: whatever `secondsAnImage` has in it. */
export const imagesPerSecond = (cores: number, secondsAnImage: number): number => cores / secondsAnImage

/** @param price - Of the machine an hour. */
export const costOfMillion = (price: number, imagesPerSecond: number): number => price / 3600 * 1e6 / imagesPerSecond
