/** `ghostserve pull`: a published checkpoint -> a model on the shelf. */
import type { Command } from 'commander'
export function addPullCommand (_program: Command): void {}
